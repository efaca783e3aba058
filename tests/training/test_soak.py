"""A run is as sound at its end as at its start, and can be read as it is written."""

from pathlib import Path

import pytest

from tests.support.faults import keep
from training.soak import EPISODES, growth, soak

STEPS = 2000


def test_growth_leaves_out_what_is_still_finding_its_size() -> None:
    assert growth([1, 50, 3, 9, 2, 2, 2, 2, 2, 3]) == 0.5
    assert growth([1.0] * 100) == 0
    assert growth([2.0]) == 0


def test_a_short_run_is_read_while_it_is_written(tmp_path: Path) -> None:
    seen = soak(tmp_path / "run", 8)
    assert (seen.soak_steps, seen.soak_episodes) == (8, 8 * EPISODES)
    assert seen.readings > 0
    assert seen.most_open_files < 100


@pytest.mark.slow
def test_a_long_run_neither_grows_nor_slows_down(tmp_path: Path) -> None:
    seen = soak(tmp_path / "run", STEPS)
    assert seen.soak_episodes == STEPS * EPISODES
    assert abs(seen.memory_growth) <= 0.02
    assert seen.step_time_drift <= 0.10
    assert seen.open_files_growth == 0
    keep(
        "make test ARGS='-m slow tests/training/test_soak.py'",
        soak_steps=seen.soak_steps,
        soak_episodes=seen.soak_episodes,
        memory_growth=round(seen.memory_growth, 4),
        step_time_drift=round(seen.step_time_drift, 4),
        open_files_growth=seen.open_files_growth,
        memory_mb=seen.memory_mb,
        readings=seen.readings,
    )
