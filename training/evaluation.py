"""How well a policy does on missions it was not trained on."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from agent.policies import Policy
from agent.rollout import MakeWorld, play
from agent.types import Episode, ReplyStatus, Start
from training.statistics import wilson_interval
from training.truthfulness import truthfulness


@dataclass(frozen=True, slots=True)
class Measurement:
    """A policy on fixed missions, one episode each."""

    success: float
    """share of episodes that succeeded"""
    low: float
    """lower end of the 95 % Wilson interval of `success`"""
    high: float
    """its upper end"""
    episodes: int
    """n"""
    turns: float
    """mean turns of an episode"""
    length_ratio: float | None
    """mean, over missions that both solved, of turns against the expert's; None without any"""
    unreadable: float
    """share of replies that could not be read"""
    unreadable_by_kind: dict[str, int]
    """how many, by `ReplyStatus`"""
    reply_tokens: float
    """mean tokens of a reply"""
    true_claims: float | None
    """share of what thoughts claim that held of what had been observed; None without any claim in
    the expert's words"""
    seconds: float
    """wall-clock"""


def evaluate(
    policy: Policy,
    starts: Sequence[Start],
    make: MakeWorld,
    *,
    seats: int = 128,
    expert: Sequence[Episode] = (),
    on_episode: Callable[[Episode], object] | None = None,
) -> tuple[Measurement, list[Episode]]:
    """Play each start once and measure.

    Draws are seeded by the start alone, so every policy meets the same luck.

    Args:
        seats: episodes alive at once.
        expert: the expert's episodes on the same starts, to compare lengths with.
        on_episode: told of every episode as it ends.
    """
    began = time.perf_counter()
    episodes = play(
        policy, [(start, 0) for start in starts], seats=seats, make=make, on_episode=on_episode
    )
    seconds = time.perf_counter() - began
    claims = truthfulness(episodes, make)
    return measure(episodes, expert, seconds, claims.share), episodes


def measure(
    episodes: Sequence[Episode],
    expert: Sequence[Episode] = (),
    seconds: float = 0.0,
    true_claims: float | None = None,
) -> Measurement:
    """The figures of played episodes."""
    won = sum(episode.success for episode in episodes)
    interval = wilson_interval(won, len(episodes))
    turns = [turn for episode in episodes for turn in episode.turns]
    kinds = Counter(turn.status.value for turn in turns if turn.status is not ReplyStatus.OK)
    shortest = {one.start: len(one.turns) for one in expert if one.success}
    ratios = [
        len(episode.turns) / shortest[episode.start]
        for episode in episodes
        if episode.success and episode.start in shortest
    ]
    return Measurement(
        success=won / len(episodes),
        low=interval.low,
        high=interval.high,
        episodes=len(episodes),
        turns=len(turns) / len(episodes),
        length_ratio=float(np.mean(ratios)) if ratios else None,
        unreadable=sum(kinds.values()) / len(turns),
        unreadable_by_kind=dict(kinds),
        reply_tokens=float(np.mean([len(turn.reply_ids) for turn in turns])),
        true_claims=true_claims,
        seconds=seconds,
    )
