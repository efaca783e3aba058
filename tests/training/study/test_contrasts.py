"""Contrasts: against tables, hand-worked numbers, and what simulation says of their promises."""

import numpy as np
import pytest

from training.study.contrasts import (
    Scores,
    benjamini_hochberg,
    contrast,
    detectable_effect,
    equivalence_test,
    hierarchical_bootstrap,
    holm,
    interquartile_mean,
    t_cdf,
    t_quantile,
    t_test,
)


def scores(seeds: int, effect: float, random: np.random.Generator) -> tuple[Scores, Scores]:
    """Two arms of some seeds: 60 layouts of two items, right or wrong."""
    one: dict[int, dict[str, np.ndarray]] = {}
    other: dict[int, dict[str, np.ndarray]] = {}
    for seed in range(seeds):
        rates = random.beta(4, 4, size=60)
        lift = effect + random.normal(0, 0.02)
        one[seed], other[seed] = {}, {}
        for layout, rate in enumerate(rates):
            for arm, by in ((one, lift), (other, 0.0)):
                chance = np.clip(rate + by, 0, 1)
                arm[seed][str(layout)] = (random.random(2) < chance).astype(float)
    return one, other


@pytest.mark.parametrize(
    ("t", "degrees", "below"),
    [(2.776, 4, 0.975), (4.303, 2, 0.975), (1.886, 2, 0.9), (12.706, 1, 0.975), (0, 9, 0.5)],
)
def test_students_distribution_is_that_of_the_tables(t: float, degrees: int, below: float) -> None:
    assert t_cdf(t, degrees) == pytest.approx(below, abs=1e-4)
    assert t_cdf(-t, degrees) == pytest.approx(1 - below, abs=1e-4)
    assert t_quantile(below, degrees) == pytest.approx(t, abs=2e-3)


def test_a_t_test_worked_by_hand() -> None:
    """Mean 2, deviation 1, n = 3: t = 3.4641 with two degrees of freedom, p = .0742."""
    assert t_test(np.array([1.0, 2.0, 3.0])) == pytest.approx(0.0742, abs=1e-4)
    assert t_test(np.array([1.0, 2.0, 3.0]), null=2.0) == pytest.approx(1.0)
    assert t_test(np.array([1.0])) == 1.0
    assert t_test(np.array([0.5, 0.5])) == 0.0


def test_equivalence_is_shown_by_small_differences_alone() -> None:
    near = np.array([0.001, -0.002, 0.0, 0.001, -0.001])
    assert equivalence_test(near, 0.03) < 1e-4
    assert equivalence_test(near + 0.03, 0.03) == pytest.approx(0.5, abs=0.2)
    assert equivalence_test(near + 0.2, 0.03) > 0.99
    assert equivalence_test(np.array([0.0]), 0.03) == 1.0


def test_holm_and_benjamini_hochberg_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.5]) == pytest.approx(
        [0.04, 0.16 / 3, 0.16 / 3, 0.5]
    )


def test_the_interquartile_mean_by_hand() -> None:
    assert interquartile_mean([0, 1, 2, 100]) == 1.5
    # Of five, a quarter is one and a quarter: three quarters of the second and of the fourth stay.
    assert interquartile_mean([0, 1, 2, 3, 100]) == pytest.approx((0.75 + 2 + 2.25) / 2.5)


def test_the_detectable_effect_by_hand() -> None:
    """Deviation 1, n = 4: (3.182 + .978) / 2."""
    values = np.array([-1.0, -1.0, 1.0, 1.0]) * np.sqrt(0.75)
    assert detectable_effect(values) == pytest.approx(2.080, abs=2e-3)
    assert detectable_effect(values[:1]) == np.inf


def test_the_bootstrap_agrees_with_a_naive_one() -> None:
    random = np.random.default_rng(0)
    values = [[random.normal(seed, 1, size=3) for _ in range(5)] for seed in range(4)]
    fast = hierarchical_bootstrap(values, np.random.default_rng(1), draws=3000)
    means = []
    for _ in range(3000):
        seeds = []
        for seed in random.integers(4, size=4):
            items = []
            for layout in random.integers(5, size=5):
                items += [values[seed][layout][i] for i in random.integers(3, size=3)]
            seeds.append(np.mean(items))
        means.append(np.mean(seeds))
    low, high = np.quantile(means, [0.025, 0.975])
    assert (fast.low, fast.high) == pytest.approx((low, high), abs=0.1)


def test_a_contrast_of_what_is_alike_and_of_what_is_not() -> None:
    random = np.random.default_rng(2)
    found = contrast(*scores(8, 0.2, random))
    assert found.difference == pytest.approx(0.2, abs=0.05)
    assert found.interval.low > 0.1
    assert found.p < 0.01 < 0.9 < found.equivalent_p
    assert found.difference == pytest.approx(np.mean(found.by_seed))
    assert found.detectable < 0.1
    one, _ = scores(3, 0.0, random)
    same = contrast(one, one)
    assert same.difference == 0 == same.interval.low == same.interval.high


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """With ten seeds; with three, which is what a pilot has, it covers less, and says so nowhere
    but in the p of the t-test."""
    random, truth = np.random.default_rng(3), 0.1
    covered = 0
    for _ in range(60):
        one, other = scores(10, truth, random)
        differences = [[one[s][k] - other[s][k] for k in one[s]] for s in one]
        interval = hierarchical_bootstrap(differences, random, draws=200)
        covered += interval.low <= truth <= interval.high
    assert covered >= 50


def test_arms_that_were_asked_otherwise_are_not_compared() -> None:
    one, other = scores(2, 0.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="other seeds"):
        contrast(one, {0: other[0]})
    with pytest.raises(ValueError, match="other layouts"):
        contrast(one, {**other, 1: {"x": np.zeros(2)}})
    with pytest.raises(ValueError, match="other items"):
        contrast(one, {**other, 1: {**other[1], "0": np.zeros(3)}})
