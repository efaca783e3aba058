"""A report is made from a run folder alone, whatever the run came to."""

from pathlib import Path
from typing import Any

import pytest

from training.report import lift, series, table, write_report
from training.run_dir import EVALUATION, RunDir, write_json
from training.statistics import wilson_interval


def measured(won: int, episodes: int = 200) -> dict[str, Any]:
    interval = wilson_interval(won, episodes)
    return {
        "success": won / episodes, "low": interval.low, "high": interval.high,
        "episodes": episodes, "turns": 5.0, "length_ratio": None, "unreadable": 0.01,
        "unreadable_by_kind": {}, "reply_tokens": 20.0, "seconds": 1.0,
        "true_claims": 0.875,
    }  # fmt: skip


EVALUATED = {
    "expert": measured(200),
    "random": measured(20),
    "cold_start": {"sampled": measured(120), "greedy": measured(110)},
    "grpo": {"sampled": measured(190), "greedy": measured(180)},
}


def played(folder: Path, steps: int = 3) -> Path:
    """A small run, cut off after so many steps of GRPO."""
    with RunDir.create(folder, {"task": "goto-small", "model": "nano", "seed": 3}) as run:
        for step in range(3):
            run.log("cold_start", step, {"loss": 3.0 - step, "grad_norm": 1.0}, of=3)
        for step in range(steps):
            figures = {"success": 0.5 + step / 10, "reward": 0.6, "grad_norm": float("nan")}
            alarms = {"alarms": ["gradient norm jumped: 9 after 1"]} if step == 1 else {}
            wrong = {"grad_norm": float("inf"), "skipped": "the gradient is inf"} if step else {}
            run.log("grpo", step, figures | alarms | wrong, of=3)
        if steps:
            run.log("validation", 0, measured(100))
            write_json(folder / EVALUATION, EVALUATED)
    return folder


def test_a_whole_run(tmp_path: Path) -> None:
    folder = played(tmp_path / "default-3")
    path = write_report(folder)
    text = path.read_text()
    assert path == folder / "report.md"
    for words in (
        "# default-3",
        "Task goto-small",
        "seed 3",
        "| GRPO, sampled | 95.0 % | 91.0 to 97.3 % | 200 |",
        "sampled success from 60.0 % to 95.0 %: +35.0 points",
        "(95 % interval +27.4 to +42.3, n = 200)",
        "- grpo 1: gradient norm jumped: 9 after 1",
        "Updates skipped, because a number had gone wrong: 2.",
    ):
        assert words in text
    names = {"scale", "success", "health", "cold_start"}
    assert {plot.stem for plot in (folder / "plots").iterdir()} == names
    assert all(f"plots/{name}.png" in text for name in names)


def test_an_interrupted_run_says_what_is_missing(tmp_path: Path) -> None:
    folder = played(tmp_path / "run", steps=0)
    text = write_report(folder).read_text()
    assert "Nothing has been measured yet." in text
    assert [plot.name for plot in (folder / "plots").iterdir()] == ["cold_start.png"]


def test_a_run_that_has_only_begun(tmp_path: Path) -> None:
    RunDir.create(tmp_path / "run", {}).close()
    assert "Nothing has been measured yet." in write_report(tmp_path / "run").read_text()


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no run"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_policies_stand_in_the_order_of_the_scale() -> None:
    assert list(table(EVALUATED)) == [
        "random", "cold start, sampled", "cold start, greedy", "GRPO, sampled", "GRPO, greedy",
        "expert",
    ]  # fmt: skip


def test_no_lift_without_both_ends() -> None:
    assert lift(table({"grpo": EVALUATED["grpo"]})) == []


def test_a_series_skips_steps_without_a_finite_figure() -> None:
    lines = [{"stage": "grpo", "step": 0, "loss": 1.0}, {"stage": "grpo", "step": 1}]
    lines += [{"stage": "grpo", "step": 2, "loss": "inf"}, {"stage": "cold_start", "step": 0}]
    assert series(lines, "grpo", "loss") == [(0, 1.0)]
