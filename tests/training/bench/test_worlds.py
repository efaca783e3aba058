"""The benchmark of worlds, and the bar it is there for."""

import pytest

from training.bench.worlds import EnvTiming, time_world


def test_ratios() -> None:
    timing = EnvTiming("any", 100.0, 130.0, 500.0, 600.0, rounds=1, steps=1)
    assert timing.step_ratio == 1.3
    assert timing.reset_ratio == 1.2


def test_the_text_costs_no_more_than_the_step() -> None:
    """On a machine busy with other things one look may mislead; of three, one must not."""
    assert any(1 < time_world("goto-local", rounds=5, steps=100).step_ratio < 2 for _ in range(3))


def test_nothing_to_time() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0 and 5"):
        time_world("goto-small", rounds=0, steps=5)
