"""Play in processes of their own: what is missing is dealt out, and what ends is told at once."""

import logging
import multiprocessing
import signal
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
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
    weights: str
    """what `agent.load` takes"""
    protocol: Protocol
    starts: tuple[Start, ...]
    """a trial's name stands for the task"""
    options: Mapping[str, Any]
    """of the worlds, beside those of the trials"""
    conditions: Conditions
    api: ChatSettings
    threads: int
    seats: int


@dataclass(frozen=True, slots=True)
class Ended:
    """An episode has ended."""

    episode: Episode
    seconds: float
    tokens: tuple[int, int]
    """read and written"""


@dataclass(frozen=True, slots=True)
class Ticked:
    """So much was played, as a number of episodes of full length."""

    episodes: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The job cannot go on."""

    reason: str


News = Ended | Ticked | Failed


@dataclass(slots=True)
class _Share:
    """What an episode has cost so far."""

    seconds: float = 0.0
    read: int = 0
    wrote: int = 0


class Metered:
    """A policy that notes each episode's share of its time and its tokens."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.name = policy.name
        self.mode = policy.mode
        self.shares: dict[Start, _Share] = defaultdict(_Share)

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """The policy's own responses."""
        began = perf_counter()
        responses = self._policy.respond(live)
        seconds = (perf_counter() - began) / len(live)
        for one, response in zip(live, responses, strict=True):
            own = len(response.prompt_ids), len(response.reply_ids)
            read, wrote = response.counted or own
            share = self.shares[one.start]
            share.seconds += seconds
            share.read += read
            share.wrote += wrote
        return responses


def play_job(job: Job, tell: Callable[[News], object]) -> None:
    """Play a job's episodes; whatever goes wrong is told, and never raised."""
    torch.set_num_threads(job.threads)

    def make(name: str, **options: Any) -> TextWorld:
        trial = job.protocol.trial(name)
        # The trial's own phrasing is what it is about.
        own = {name: value for name, value in job.options.items() if name not in trial.options}
        return trial.make(**{**own, **options})

    played, told = 0.0, perf_counter()

    def tick() -> None:
        nonlocal played, told
        tell(Ticked(played))
        played, told = 0.0, perf_counter()

    def on_turn(live: LiveEpisode, _: Turn) -> None:
        nonlocal played
        played += 1 / live.world.turn_limit
        if perf_counter() - told > TICK_SECONDS:
            tick()

    try:
        policy = Metered(
            open_policy(job.contestant, job.weights, job.protocol, make, job.conditions, job.api)
        )

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
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Told to end; or there is nobody to tell any more.
    with suppress(KeyboardInterrupt, BrokenPipeError):
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
            process.terminate()
        for process, job in self._at_work.values():
            process.join(job.api.timeout_seconds + 5)  # replies on their way are paid for
            process.kill()

    def play(self, jobs: Sequence[Job], hear: Callable[[Job, News], object]) -> None:
        """Play all jobs, in their order; `hear` is told the news of each."""
        context = multiprocessing.get_context("spawn")
        waiting = list(jobs)
        while waiting or self._at_work:
            while waiting and len(self._at_work) < self.workers:
                here, there = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(waiting[0], there), daemon=True)
                process.start()
                there.close()
                self._at_work[here] = process, waiting.pop(0)
            ready = wait(list(self._at_work))
            for pipe, (process, job) in list(self._at_work.items()):
                if pipe not in ready:
                    continue
                try:
                    news = pipe.recv()
                except (EOFError, OSError):
                    process.join()
                    del self._at_work[pipe]
                    if not process.exitcode:
                        continue
                    news = Failed(f"its process died with exit code {process.exitcode}")
                hear(job, news)
