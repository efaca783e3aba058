"""Play in processes of their own: what is missing is dealt out, and what ends is told at once."""

import logging
import multiprocessing
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from time import perf_counter
from typing import Any

import torch

from agent.chat_api import ChatSettings
from agent.policies import LiveEpisode, Policy, Response
from agent.rollout import play
from agent.types import Episode, Start, Turn
from envs.text_world import TextWorld
from training.benchmark.contestants import Conditions, Contestant, open_policy
from training.benchmark.protocols import Protocol

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.5
"""How often a process tells of its turns."""


@dataclass(frozen=True, slots=True)
class Job:
    """Some episodes of one contestant, to be played by one process."""

    contestant: Contestant
    protocol: Protocol
    starts: tuple[Start, ...]
    """a trial's name stands for the task"""
    options: Mapping[str, Mapping[str, Any]]
    """of the worlds, by trial"""
    conditions: Conditions
    api: ChatSettings
    threads: int
    seats: int


@dataclass(frozen=True, slots=True)
class Ended:
    """An episode has ended."""

    episode: Episode
    seconds: float
    tokens: tuple[float, float]
    """read and written"""


@dataclass(frozen=True, slots=True)
class Ticked:
    """So many turns were played."""

    turns: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The job cannot go on."""

    reason: str


News = Ended | Ticked | Failed


@dataclass(slots=True)
class _Share:
    """What an episode has cost so far."""

    seconds: float = 0.0
    read: float = 0.0
    wrote: float = 0.0


class Metered:
    """A policy that notes each episode's share of its time and its tokens."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.name = policy.name
        self.mode = policy.mode
        self.shares: dict[Start, _Share] = defaultdict(_Share)

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """The policy's own responses."""
        began, before = perf_counter(), self._used()
        responses = self._policy.respond(live)
        seconds = (perf_counter() - began) / len(live)
        # A provider counts its tokens itself, all episodes together.
        read, wrote = (
            (now - then) / len(live) for now, then in zip(self._used(), before, strict=True)
        )
        for one, response in zip(live, responses, strict=True):
            share = self.shares[one.start]
            share.seconds += seconds
            share.read += read + len(response.prompt_ids)
            share.wrote += wrote + len(response.reply_ids)
        return responses

    def _used(self) -> tuple[float, float]:
        usage = getattr(self._policy, "usage", None)
        return (0, 0) if usage is None else (usage.input_tokens, usage.output_tokens)


def play_job(job: Job, tell: Callable[[News], object]) -> None:
    """Play a job's episodes; whatever goes wrong is told, and never raised."""
    torch.set_num_threads(job.threads)

    def make(name: str, **options: Any) -> TextWorld:
        return job.protocol.trial(name).make(**{**job.options[name], **options})

    turns, told = 0, perf_counter()

    def tick() -> None:
        nonlocal turns, told
        tell(Ticked(turns))
        turns, told = 0, perf_counter()

    def on_turn(_: LiveEpisode, __: Turn) -> None:
        nonlocal turns
        turns += 1
        if perf_counter() - told > TICK_SECONDS:
            tick()

    try:
        policy = Metered(open_policy(job.contestant, job.protocol, job.conditions, job.api))

        def on_episode(episode: Episode) -> None:
            tick()
            share = policy.shares.pop(episode.start)
            tell(Ended(episode, share.seconds, (share.read, share.wrote)))

        play(
            policy,
            [(start, 0) for start in job.starts],
            seats=job.seats,
            make=make,
            on_turn=on_turn,
            on_episode=on_episode,
        )
    except ValueError as error:
        tell(Failed(str(error)))
    except Exception as error:  # a policy that crashes is a row that says so
        logger.exception("%s crashed", job.contestant.label)
        tell(Failed(f"crashed: {type(error).__name__}: {error}"))


def _work(job: Job, pipe: Connection) -> None:
    """A process's life. The parent alone hears Ctrl-C, and ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = str(job.threads)
    play_job(job, pipe.send)
    pipe.close()


@dataclass(slots=True)
class Crew:
    """Processes that play jobs, so many at once.

    Use it as a context manager: what still plays when it is left is ended.
    """

    workers: int
    _at_work: dict[Connection, tuple[Any, Job]] = field(default_factory=dict)

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        for process, _job in self._at_work.values():
            process.kill()

    def play(self, jobs: Sequence[Job], hear: Callable[[Job, News], object]) -> None:
        """Play all jobs, in their order; `hear` is told the news of each."""
        context = multiprocessing.get_context("spawn")
        waiting = list(jobs)
        while waiting or self._at_work:
            while waiting and len(self._at_work) < self.workers:
                job = waiting.pop(0)
                here, there = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(job, there), daemon=True)
                process.start()
                there.close()
                self._at_work[here] = process, job
            ready = set(wait(list(self._at_work)))
            for pipe, (process, job) in list(self._at_work.items()):
                if pipe not in ready:
                    continue
                try:
                    hear(job, pipe.recv())
                except (EOFError, OSError):
                    process.join()
                    del self._at_work[pipe]
                    if process.exitcode:
                        hear(job, Failed(f"its process died with exit code {process.exitcode}"))
