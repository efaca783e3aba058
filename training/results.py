"""Result files: what runs showed, collected from their folders, never written by hand."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.report import HOW, POLICIES
from training.run_dir import read_evaluation, read_run
from training.statistics import newcombe_difference

KEPT = ("run.json", "evaluation.json", "report.md", "plots")
"""What is small in a run folder and tells what it showed."""


def collect(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """One record a run, in the order given.

    A run's `control` says what it is: None for the treatment, `cold_plus`, `yoked` or `permuted`
    for a control. A treatment's record also holds the `cold_plus` of the control with its task and
    seed.

    Raises:
        ValueError: if a folder holds no finished run.
    """
    records = [_record(folder) for folder in folders]
    continued = {_key(one): one for one in records if one["control"] == "cold_plus"}
    for one in records:
        twin = continued.get(_key(one))
        if one["control"] is None and twin:
            for how in HOW:
                one[how]["cold_plus"] = twin[how]["cold_plus"]
    return [one | one["sampled"] for one in records]


def keep(folder: Path, shelf: Path) -> Path:
    """Copy what is small in a run folder to a folder of its name on a shelf, which outlives it.

    Raises:
        FileNotFoundError: if the run is not finished.
    """
    kept = shelf / folder.name
    kept.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        if (folder / name).is_dir():
            shutil.copytree(folder / name, kept / name, dirs_exist_ok=True)
        else:
            shutil.copy(folder / name, kept / name)
    return kept


def _record(folder: Path) -> dict[str, Any]:
    about, measured = read_run(folder), read_evaluation(folder)
    config = about["config"]
    control = "cold_plus" if config["cold_plus_minutes"] else None
    if config.get("yoked_to"):
        control = "yoked"
    if config["grpo"]["permute_returns"]:
        control = "permuted"
    trained = control if control in ("cold_plus", "yoked") else "grpo"
    if trained not in measured:
        raise ValueError(
            f"the run in {folder} is not finished: go on with it by "
            f"python -m scripts.train --run {folder} --resume"
        )
    return {
        "preset": _preset(about["command"]),
        "control": control,
        "task": config["task"],
        "model": config["model"],
        "seed": config["seed"],
        "episodes": measured[trained]["sampled"]["episodes"],
        "demonstrations": config["cold"]["demonstrations"],
        "habit": config["cold"]["habit"],
        "lift": {how: _lift(measured, trained, how) for how in HOW},
        "sampled": _by_policy(measured, "sampled"),
        "greedy": _by_policy(measured, "greedy"),
        "minutes": round(measured["seconds"] / 60, 2),
        "command": about["command"],
        "commit": about["commit"],
        "threads": about["threads"],
    }


def _preset(command: str) -> str:
    """The preset a command asked for."""
    words = command.replace("--preset=", "--preset ").split()
    return words[words.index("--preset") + 1] if "--preset" in words else "default"


def _lift(measured: Mapping[str, Any], trained: str, how: str) -> dict[str, float]:
    """What was gained over the cold start, in points of success, with its interval."""
    before, after = (measured[name][how] for name in ("cold_start", trained))
    lift = newcombe_difference(
        round(after["success"] * after["episodes"]),
        after["episodes"],
        round(before["success"] * before["episodes"]),
        before["episodes"],
    )
    points = {"points": lift.value, "low": lift.interval.low, "high": lift.interval.high}
    return {name: 100 * value for name, value in points.items()}


def _by_policy(measured: Mapping[str, Any], how: str) -> dict[str, dict[str, float]]:
    """Success and interval of each policy that was measured so, or is no language model."""
    found = {name: measured[name] for name in POLICIES if name in measured}
    figures = {name: one.get(how, one) for name, one in found.items()}
    return {
        name: {key: one[key] for key in ("success", "low", "high")}
        for name, one in figures.items()
        if "success" in one
    }


def _key(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return record["task"], record["model"], record["seed"]
