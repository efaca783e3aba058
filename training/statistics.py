"""How sure a number is: intervals of success rates, and of the difference between two policies.

Rates on several tasks are averaged with equal weight (`macro_average`). Two policies that played
the same missions are compared mission by mission (`paired_bootstrap`, `mcnemar`); two that played
different ones by their rates alone (`newcombe_difference`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Interval:
    """The values that the data leave plausible."""

    low: float
    high: float

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two have a value in common."""
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True, slots=True)
class Difference:
    """An estimated difference and its interval."""

    value: float
    interval: Interval


def _z(confidence: float) -> float:
    """The standard normal quantile that leaves `1 - confidence` outside, on both sides."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence lies between 0 and 1, 0.95 as a rule; got {confidence}.")
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a success rate.

    It keeps its promise near 0 and 1, where the textbook's p +- z * s.e. has no width. Without
    trials it is (0, 1): nothing is known.

    Source: Wilson (1927); method 3 of Newcombe (1998), Statistics in Medicine 17, 857-872.

    >>> interval = wilson_interval(81, 263)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.2553, 0.3662)
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes lie between 0 and the trials; got {successes} of {trials}.")
    z = _z(confidence)
    if trials == 0:
        return Interval(0.0, 1.0)
    rate = successes / trials
    spread = z * math.sqrt(rate * (1 - rate) / trials + z**2 / (4 * trials**2))
    scale, middle = 1 + z**2 / trials, rate + z**2 / (2 * trials)
    # At the ends the bound is exactly 0 or 1; rounding would leave it a hair beside.
    low = 0.0 if successes == 0 else (middle - spread) / scale
    high = 1.0 if successes == trials else (middle + spread) / scale
    return Interval(low, high)


@dataclass(frozen=True, slots=True)
class Average:
    """A mean of success rates, each task counting the same."""

    value: float
    standard_error: float
    interval: Interval


def macro_average(counts: Sequence[tuple[int, int]], confidence: float = 0.95) -> Average:
    """The mean of independent success rates, one a task.

    The standard error is that of a stratified sample, sqrt(sum of p (1 - p) / n) / tasks: what
    tasks differ by does not count, for they are all there are. The interval is made from the
    tasks' Wilson intervals, and so has a width where every rate is 0 or 1.

    Source: the interval, Zou and Donner (2008), Statistics in Medicine 27, 1693-1702 (MOVER), for
    a sum of rates; with one task it is Wilson's.

    Args:
        counts: (successes, trials) of each task.
        confidence: share of intervals that hold the truth in the long run.

    >>> average = macro_average([(5, 10), (10, 10)])
    >>> average.value, round(average.standard_error, 4)  # sqrt(.5 * .5 / 10) / 2
    (0.75, 0.0791)
    """
    if not counts or not all(trials for _, trials in counts):
        raise ValueError(f"an average needs a task, and each task trials; got {list(counts)}.")
    rates = np.array([successes / trials for successes, trials in counts])
    trials = np.array([trials for _, trials in counts])
    ends = [wilson_interval(*count, confidence) for count in counts]
    below = math.hypot(*(rates - [end.low for end in ends])) / len(counts)
    above = math.hypot(*([end.high for end in ends] - rates)) / len(counts)
    value = float(rates.mean())
    error = math.sqrt(float((rates * (1 - rates) / trials).sum())) / len(counts)
    return Average(value, error, Interval(max(0.0, value - below), min(1.0, value + above)))


def newcombe_difference(
    successes: int, trials: int, other_successes: int, other_trials: int, confidence: float = 0.95
) -> Difference:
    """The difference of two independent success rates, first less second.

    Source: method 10 of Newcombe (1998), Statistics in Medicine 17, 873-890, made from the two
    Wilson intervals.

    >>> interval = newcombe_difference(56, 70, 48, 80).interval
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.0524, 0.3339)
    """
    if not trials or not other_trials:
        raise ValueError(f"both rates need trials; got {trials} and {other_trials}.")
    one = wilson_interval(successes, trials, confidence)
    two = wilson_interval(other_successes, other_trials, confidence)
    rate, other = successes / trials, other_successes / other_trials
    value = rate - other
    low = value - math.hypot(rate - one.low, two.high - other)
    high = value + math.hypot(one.high - rate, other - two.low)
    return Difference(value, Interval(low, high))


def paired_bootstrap(
    first: Sequence[float],
    second: Sequence[float],
    *,
    tasks: Sequence[object] | None = None,
    confidence: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> Difference:
    """The mean difference, first less second, of two policies on the same missions.

    Missions are drawn anew with replacement, always in pairs, so that what makes a mission hard
    for both does not widen the interval (percentile bootstrap; Efron and Tibshirani, 1993). Where
    they are of several tasks, they are drawn task by task and each task counts the same. The same
    seed gives the same interval.

    Args:
        first: one outcome a mission, such as 1 for success and 0 for failure.
        second: the other policy's, in the same order.
        tasks: the task of each mission; None: all are of one.
        confidence: share of intervals that hold the truth in the long run.
        draws: bootstrap samples.
        seed: of the draws.
    """
    outside = (1 - math.erf(_z(confidence) / math.sqrt(2))) / 2
    differences = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    if len(first) != len(second) or not len(first):
        raise ValueError(
            "paired outcomes are one a mission for each policy; got "
            f"{len(first)} and {len(second)}."
        )
    groups: dict[object, list[float]] = {}
    for task, difference in zip(tasks or [None] * len(first), differences, strict=True):
        groups.setdefault(task, []).append(difference)
    rng = np.random.default_rng(seed)
    means = np.mean([_drawn_means(group, draws, rng) for group in groups.values()], axis=0)
    low, high = np.quantile(means, [outside, 1 - outside])
    value = np.mean([np.mean(group) for group in groups.values()])
    return Difference(float(value), Interval(float(low), float(high)))


def _drawn_means(
    differences: Sequence[float], draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The means of so many bootstrap samples, `[draws]`."""
    # Which value a draw takes matters, not which mission: there are few different values.
    values, counts = np.unique(differences, return_counts=True)
    drawn = rng.multinomial(len(differences), counts / len(differences), size=draws)
    return np.asarray(drawn @ values / len(differences))


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """The exact p-value of McNemar's test that two policies succeed equally often.

    Missions that both solve, or neither, say nothing. Were the policies equal, each of the others
    would fall to either like a fair coin; p is the chance of a split at least as uneven.

    Source: McNemar (1947), Psychometrika 12, 153-157; two-sided and exact (binomial).

    >>> mcnemar([True] * 9 + [False], [False] * 9 + [True])  # 2 * (1 + 10) / 2**10
    0.021484375
    """
    pairs = list(zip(map(bool, first), map(bool, second), strict=True))
    ours, theirs = pairs.count((True, False)), pairs.count((False, True))
    decided = ours + theirs
    tail = sum(math.comb(decided, count) for count in range(min(ours, theirs) + 1))
    return min(1.0, float(2 * tail / 2**decided))
