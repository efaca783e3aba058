"""The figures of a benchmark, worked out from what was played: pure functions of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.benchmark.store import Played
from training.statistics import (
    Average,
    Difference,
    macro_average,
    mcnemar,
    paired_bootstrap,
    wilson_interval,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A contestant on a trial."""

    success: float
    low: float
    high: float
    """ends of the 95 % Wilson interval"""
    episodes: int
    """n"""
    missing: int
    """episodes that were planned and not played"""
    invalid: float
    """share of replies that could not be read"""
    kinds: Mapping[str, int]
    """how many, by `ReplyStatus`"""
    turns: float
    """mean of an episode"""
    tokens: float
    """written, mean of an episode"""
    tokens_read: float
    """mean of an episode"""
    seconds: float
    """mean of an episode, its share of the time in which it was played with others"""
    length_ratio: float | None
    """mean, over missions that both solved, of turns against the expert's; None without any"""


@dataclass(frozen=True, slots=True)
class Row:
    """All that is known of a contestant."""

    label: str
    told: bool
    cells: Mapping[str, Cell]
    """by trial; a trial of which nothing was played is absent"""
    average: Average | None
    """over all trials; None where one is incomplete, or where the protocol has no use for it"""
    failure: str
    """why it could not go on; empty where it could"""
    planned: int
    """episodes of each trial"""
    missing: int
    """episodes of all of them that were not played"""
    most_turns: int | None
    """that its episodes may have, where the level would allow more"""
    conditions: Mapping[str, Any]
    """of a model that was only told what to do"""
    as_published: tuple[str, ...]
    """what was done as in the original"""
    command: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two contestants on the missions that both have played."""

    first: str
    second: str
    difference: Difference
    """of success, first less second; each trial counts the same"""
    p: float
    """of McNemar's exact test over all missions"""
    missions: int


def cell(played: Sequence[Played], planned: int, expert: Mapping[tuple[str, int], int]) -> Cell:
    """The figures of some episodes of one trial, at least one.

    Args:
        played: the episodes.
        planned: how many there were to be.
        expert: the expert's turns, by trial and seed, where it succeeded.
    """
    won, count = sum(one.success for one in played), len(played)
    interval = wilson_interval(won, count)
    turns = sum(one.turns for one in played)
    kinds = sum((Counter(one.unreadable) for one in played), Counter[str]())
    ratios = [
        one.turns / expert[one.trial, one.seed]
        for one in played
        if one.success and (one.trial, one.seed) in expert
    ]
    return Cell(
        success=won / count,
        low=interval.low,
        high=interval.high,
        episodes=count,
        missing=max(0, planned - count),
        invalid=kinds.total() / turns,
        kinds=dict(kinds.most_common()),
        turns=turns / count,
        tokens=sum(one.tokens for one in played) / count,
        tokens_read=sum(one.tokens_read for one in played) / count,
        seconds=sum(one.seconds for one in played) / count,
        length_ratio=sum(ratios) / len(ratios) if ratios else None,
    )


def average(cells: Mapping[str, Cell], trials: Sequence[str]) -> Average | None:
    """The mean over all trials; None where one of them is incomplete.

    What has been played of a trial says little of it: successes end sooner than failures.
    """
    found = [cells[trial] for trial in trials if trial in cells and not cells[trial].missing]
    if len(found) < len(trials):
        return None
    return macro_average([(round(one.success * one.episodes), one.episodes) for one in found])


def pairing(
    first: tuple[Row, Sequence[Played]], second: tuple[Row, Sequence[Played]]
) -> Pairing | None:
    """Compare two contestants mission by mission, on the trials that both have played to the end.

    Where one of them may have fewer turns, a success of the other's counts within them alone.

    Returns:
        None where there is no mission to compare them on.
    """
    limits = [row.most_turns for row, _ in (first, second) if row.most_turns]
    most = min(limits, default=None)
    ours, theirs = (
        {
            (one.trial, one.seed): one.success and (most is None or one.turns <= most)
            for one in played
            if not row.cells[one.trial].missing
        }
        for row, played in (first, second)
    )
    shared = sorted(ours.keys() & theirs.keys())
    if not shared:
        return None
    won, other = [ours[key] for key in shared], [theirs[key] for key in shared]
    difference = paired_bootstrap(won, other, tasks=[trial for trial, _ in shared])
    return Pairing(first[0].label, second[0].label, difference, mcnemar(won, other), len(shared))
