"""Intervals and tests against published numbers, and their coverage by simulation."""

import numpy as np
import pytest

from training.statistics import (
    Interval,
    macro_average,
    mcnemar,
    newcombe_difference,
    paired_bootstrap,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(successes, trials, low, high) -> None:
    found = wilson_interval(successes, trials)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_wilson_at_the_ends() -> None:
    assert wilson_interval(0, 0) == Interval(0.0, 1.0)
    assert wilson_interval(512, 512).high == 1.0
    assert wilson_interval(512, 512).low == pytest.approx(512 / (512 + 1.959964**2))
    wide, narrow = wilson_interval(5, 10, 0.99), wilson_interval(5, 10, 0.9)
    assert wide.low < narrow.low < 0.5 < narrow.high < wide.high


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0000),
        ((10, 10, 0, 10), 0.6075, 1.0000),
    ],
)
def test_newcombe_as_published(counts, low, high) -> None:
    found = newcombe_difference(*counts).interval
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@pytest.mark.parametrize("rate", [0.03, 0.3, 0.95])
def test_wilson_covers_the_truth_as_often_as_it_says(rate) -> None:
    drawn = np.random.default_rng(0).binomial(128, rate, size=2000)
    intervals = {count: wilson_interval(int(count), 128) for count in set(drawn.tolist())}
    covered = np.mean([intervals[c].low <= rate <= intervals[c].high for c in drawn.tolist()])
    assert 0.93 <= covered <= 0.98


class TestMacroAverage:
    def test_of_one_task_it_is_wilsons(self) -> None:
        found, alone = macro_average([(15, 148)]), wilson_interval(15, 148)
        assert found.value == pytest.approx(15 / 148)
        assert found.interval.low == pytest.approx(alone.low)
        assert found.interval.high == pytest.approx(alone.high)

    def test_tasks_count_the_same_whatever_their_size(self) -> None:
        found = macro_average([(5, 10), (100, 100)])
        assert found.value == 0.75
        assert found.standard_error == pytest.approx((0.5 * 0.5 / 10) ** 0.5 / 2)

    def test_it_has_a_width_where_everything_succeeds(self) -> None:
        found = macro_average([(30, 30)] * 5)
        assert found.interval.high == 1.0
        assert wilson_interval(30, 30).low < found.interval.low < wilson_interval(150, 150).high

    @pytest.mark.parametrize("rates", [(0.95, 0.9, 0.99, 0.3, 0.7), (0.02, 0.0, 0.1, 0.05, 0.4)])
    def test_it_covers_the_truth_as_often_as_it_says(self, rates) -> None:
        drawn = np.random.default_rng(0).binomial(30, rates, size=(2000, 5))
        covered = 0
        for row in drawn.tolist():
            interval = macro_average([(count, 30) for count in row]).interval
            covered += interval.low <= np.mean(rates) <= interval.high
        assert 0.93 <= covered / 2000 <= 0.985

    def test_nothing_has_no_average(self) -> None:
        for counts in ([], [(1, 2), (0, 0)]):
            with pytest.raises(ValueError, match="needs a task"):
                macro_average(counts)


def test_bootstrap_by_tasks_counts_each_the_same() -> None:
    first, second, tasks = [1.0] * 10 + [0.0] * 90, [0.0] * 100, ["a"] * 10 + ["b"] * 90
    assert paired_bootstrap(first, second).value == pytest.approx(0.1)
    by_task = paired_bootstrap(first, second, tasks=tasks)
    assert by_task.value == by_task.interval.low == by_task.interval.high == 0.5


def test_bootstrap_of_a_constant_difference_has_no_width() -> None:
    found = paired_bootstrap([1.0, 0.5], [0.75, 0.25])
    assert found.value == found.interval.low == found.interval.high == 0.25


def test_bootstrap_is_near_the_normal_interval_and_repeats() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(0.3, 1.0, 400), rng.normal(0.0, 1.0, 400)
    found = paired_bootstrap(first, second)
    assert found == paired_bootstrap(first, second)
    assert found != paired_bootstrap(first, second, seed=1)
    half = 1.959964 * (first - second).std() / 20
    assert found.interval.low == pytest.approx(found.value - half, abs=0.01)
    assert found.interval.high == pytest.approx(found.value + half, abs=0.01)


def test_bootstrap_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(300):
        hard = rng.random(100) < 0.5  # what makes a mission hard is shared
        first, second = rng.random(100) < 0.9 - 0.4 * hard, rng.random(100) < 0.7 - 0.4 * hard
        found = paired_bootstrap(first, second, draws=1000, seed=seed).interval
        covered += found.low <= 0.2 <= found.high
    assert 0.91 <= covered / 300 <= 0.98


def test_pairing_takes_out_what_missions_share() -> None:
    hard = np.arange(100) % 2 == 0
    better = ~hard | (np.arange(100) % 10 == 0)
    paired = paired_bootstrap(better, ~hard).interval
    apart = newcombe_difference(int(better.sum()), 100, 50, 100).interval
    assert paired.high - paired.low < apart.high - apart.low


@pytest.mark.parametrize(
    ("ours", "theirs", "p"),
    [(9, 1, 22 / 1024), (0, 5, 2 / 32), (3, 3, 1.0), (0, 0, 1.0), (6, 0, 2 / 64)],
)
def test_mcnemar_by_hand(ours, theirs, p) -> None:
    both = 7
    first = [True] * ours + [False] * theirs + [True] * both
    second = [False] * ours + [True] * theirs + [True] * both
    assert mcnemar(first, second) == pytest.approx(p)
    assert mcnemar(second, first) == pytest.approx(p)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        wilson_interval(3, 2)
    with pytest.raises(ValueError, match="confidence"):
        wilson_interval(1, 2, confidence=95)
    with pytest.raises(ValueError, match="trials"):
        newcombe_difference(0, 0, 1, 2)
    with pytest.raises(ValueError, match="one a mission"):
        paired_bootstrap([1.0], [1.0, 0.0])
