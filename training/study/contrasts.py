"""What a difference between two arms is worth. The unit is the training seed.

Two arms share their seeds and their items, so differences are taken item by item within a seed.
All functions are pure.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.statistics import Interval

DRAWS = 10_000
"""Of a bootstrap."""

Scores = Mapping[int, Mapping[str, NDArray[np.float64]]]
"""Training seed -> layout -> one score an item."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """One arm less another."""

    difference: float
    """of the mean scores, seeds counting alike"""
    interval: Interval
    """95 %, from drawing seeds, then layouts, then items anew"""
    by_seed: tuple[float, ...]
    """the difference of each seed"""
    p: float
    """of a paired t-test over seeds, two-sided; 1 with a single seed"""
    equivalent_p: float
    """of two one-sided tests: small where the difference is surely within the margin"""
    margin: float
    detectable: float
    """the difference that so many seeds, spread like these, would have shown in four of five
    studies; infinite with a single seed"""


def contrast(one: Scores, other: Scores, *, margin: float = 0.03, seed: int = 0) -> Contrast:
    """The difference between two arms, with all that says how sure it is.

    Args:
        one: scores of the first arm.
        other: those of the second, for the same seeds, layouts and items.
        margin: differences within it count as none.
        seed: of the bootstrap.

    Raises:
        ValueError: if the two do not have the same seeds, layouts and items, or there are none.
    """
    differences = _paired(one, other)
    by_seed = np.array([_mean(layouts) for layouts in differences])
    return Contrast(
        float(by_seed.mean()),
        hierarchical_bootstrap(differences, np.random.default_rng(seed)),
        tuple(float(value) for value in by_seed),
        t_test(by_seed),
        equivalence_test(by_seed, margin),
        margin,
        detectable_effect(by_seed),
    )


def hierarchical_bootstrap(
    values: Sequence[Sequence[NDArray[np.float64]]],
    random: np.random.Generator,
    draws: int = DRAWS,
) -> Interval:
    """95 % of the means that come of drawing seeds, then their layouts, then their items anew.

    Args:
        values: for each seed, for each of its layouts, one value an item.
        random: what is drawn with.
        draws: how often.
    """
    means = np.empty(draws)
    stacked = [_stack(layouts) for layouts in values]
    for number in range(draws):
        chosen = random.integers(len(values), size=len(values))
        means[number] = np.mean([_redrawn_mean(stacked[place], random) for place in chosen])
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(low), float(high))


def t_test(values: NDArray[np.float64], null: float = 0.0) -> float:
    """The two-sided p of Student's one-sample t-test; 1 where there are no two values.

    >>> round(t_test(np.array([1.0, 2.0, 3.0])), 3)
    0.074
    """
    return 2 * min(_one_sided(values, null), 1 - _one_sided(values, null), 0.5)


def equivalence_test(values: NDArray[np.float64], margin: float) -> float:
    """The p of two one-sided t-tests that the mean lies within plus or minus the margin.

    After Schuirmann 1987 (https://doi.org/10.1007/BF01068419); 1 where there are no two values.
    """
    if len(values) < 2:
        return 1.0
    return max(_one_sided(values, -margin), 1 - _one_sided(values, margin))


def detectable_effect(values: NDArray[np.float64], power: float = 0.8) -> float:
    """The true mean that a two-sided t-test at 5 % finds with this power, given this spread."""
    count = len(values)
    if count < 2:
        return math.inf
    error = float(values.std(ddof=1)) / math.sqrt(count)
    return (t_quantile(0.975, count - 1) + t_quantile(power, count - 1)) * error


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values that keep the chance of any false finding (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values)
    adjusted, most = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        most = max(most, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = most
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values that keep the share of false findings (Benjamini and Hochberg 1995).

    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5])
    [0.04, 0.05333333333333334, 0.05333333333333334, 0.5]
    """
    order = np.argsort(p_values)[::-1]
    adjusted, least = [0.0] * len(p_values), 1.0
    for rank, place in zip(range(len(p_values), 0, -1), order, strict=True):
        least = min(least, p_values[place] * len(p_values) / rank)
        adjusted[place] = least
    return adjusted


def interquartile_mean(values: Sequence[float]) -> float:
    """The mean of the middle half (Agarwal et al. 2021, https://arxiv.org/abs/2108.13264).

    >>> interquartile_mean([0, 1, 2, 100])
    1.5
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    from_an_end = np.minimum(np.arange(1, len(ordered) + 1), np.arange(len(ordered), 0, -1))
    weights = np.clip(from_an_end - len(ordered) / 4, 0, 1)
    return float((ordered * weights).sum() / weights.sum())


def t_cdf(t: float, degrees: int) -> float:
    """Student's distribution function, by Simpson's rule over the angle whose tangent is t."""
    angles = np.linspace(0.0, math.atan(abs(t) / math.sqrt(degrees)), 2001)
    log_scale = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(math.pi)
    density = math.exp(log_scale) * np.cos(angles) ** (degrees - 1)
    weights = np.ones(len(angles))
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    half = float((density * weights).sum()) * float(angles[1]) / 3
    return 0.5 + math.copysign(half, t)


def t_quantile(probability: float, degrees: int) -> float:
    """The value below which Student's distribution has this probability, by bisection."""
    low, high = -1e4, 1e4
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if t_cdf(middle, degrees) < probability else (low, middle)
    return (low + high) / 2


def _one_sided(values: NDArray[np.float64], null: float) -> float:
    """The p of a t-test whose alternative is that the mean lies above `null`."""
    if len(values) < 2:
        return 0.5
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    distance = float(values.mean()) - null
    if error == 0.0:
        return 0.5 if distance == 0 else float(distance < 0)
    return 1 - t_cdf(distance / error, len(values) - 1)


def _paired(one: Scores, other: Scores) -> list[list[NDArray[np.float64]]]:
    if not one or one.keys() != other.keys():
        raise ValueError(f"the arms have other seeds: {sorted(one)} and {sorted(other)}")
    differences = []
    for seed in one:
        if one[seed].keys() != other[seed].keys():
            raise ValueError(f"the arms were asked about other layouts with seed {seed}")
        layouts = []
        for layout, scores in one[seed].items():
            if scores.shape != other[seed][layout].shape:
                raise ValueError(f"the arms were asked other items of {layout} with seed {seed}")
            layouts.append(scores - other[seed][layout])
        differences.append(layouts)
    return differences


def _mean(layouts: Sequence[NDArray[np.float64]]) -> float:
    return float(np.concatenate(layouts).mean())


def _stack(layouts: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Layouts as one array [L, I], padded, and how many items each has [L]."""
    sizes = np.array([len(layout) for layout in layouts])
    padded = np.zeros((len(layouts), sizes.max()))
    for row, layout in enumerate(layouts):
        padded[row, : len(layout)] = layout
    return padded, sizes


def _redrawn_mean(
    stacked: tuple[NDArray[np.float64], NDArray[np.int64]], random: np.random.Generator
) -> float:
    """The mean over items of layouts drawn anew, and of items drawn anew within them."""
    padded, sizes = stacked
    chosen = random.integers(len(sizes), size=len(sizes))
    rows = np.repeat(chosen, sizes[chosen])
    items = (random.random(len(rows)) * sizes[rows]).astype(np.int64)
    return float(padded[rows, items].mean())
