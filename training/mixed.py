"""What runs on the mixed level showed, as one record for each policy and setting."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.loading import POLICIES, run_and_stage
from training.benchmark.figures import Row, average
from training.benchmark.protocols import Protocol
from training.ledger import Ledger
from training.run_dir import read_evaluation, read_metrics, read_run

ALL_FIVE = "BALROG's five tasks"
"""A setting of several trials, each of which counts the same; every other setting is one trial."""


def settings(protocol: Protocol) -> dict[str, tuple[str, ...]]:
    """What a protocol's trials are put together to."""
    names = tuple(trial.name for trial in protocol.trials)
    return {ALL_FIVE: names} if protocol.average else {name: (name,) for name in names}


def records(rows: Sequence[Row], protocol: Protocol) -> list[dict[str, Any]]:
    """One record for each row and each setting of which it has played everything.

    A row of a run folder tells what the run cost; a row that learned nothing has no such words.
    """
    found = []
    for row in rows:
        about = _about(row)
        for setting, trials in settings(protocol).items():
            whole = average(row.cells, trials)
            if whole is None:
                continue
            by_task = {trial: row.cells[trial].success for trial in trials}
            found.append(
                {
                    "setting": setting,
                    **about,
                    "success": whole.value,
                    "low": whole.interval.low,
                    "high": whole.interval.high,
                    "episodes": sum(row.cells[trial].episodes for trial in trials),
                    "by_task": by_task,
                    "unreadable": max(row.cells[trial].invalid for trial in trials),
                }
            )
    return found


def _about(row: Row) -> dict[str, Any]:
    """Who played, and what that took."""
    source, *wishes = row.label.split(", ")
    if source in POLICIES:
        return {"policy": source, "command": row.command}
    folder, stage = run_and_stage(Path(source))
    about, lines = read_run(folder), read_metrics(folder)
    if stage == "*":
        stage = _last_stage(lines)
    config = about["config"]
    return {
        "policy": stage,
        "how": "greedy" if "greedy" in wishes else "sampled",
        "model": config["model"],
        "seed": config["seed"],
        "demonstrations": config["cold"]["demonstrations"],
        "environment_steps": Ledger.of(_until(stage, lines), 0).transitions,
        "minutes": round(_minutes(folder, lines), 1),
        "command": about["command"],
        "commit": about["commit"],
    }


def _last_stage(lines: Sequence[Mapping[str, Any]]) -> str:
    """The stage in which a run learned last."""
    return next(line["stage"] for line in reversed(lines) if line["stage"] != "validation")


def _until(stage: str, lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What was logged up to the end of a stage."""
    last = max((place for place, line in enumerate(lines) if line["stage"] == stage), default=-1)
    return list(lines[: last + 1])


def _minutes(folder: Path, lines: Iterable[Mapping[str, Any]]) -> float:
    """Wall-clock of the whole run, less what was spent on measuring."""
    measured = read_evaluation(folder)
    apart = sum(_seconds(one) for one in measured.values() if isinstance(one, dict))
    apart += sum(line["seconds"] for line in lines if line["stage"] == "validation")
    return float((measured["seconds"] - apart) / 60)


def _seconds(measured: Mapping[str, Any]) -> float:
    """What measuring a policy took, in each way it was measured."""
    if "seconds" in measured:
        return float(measured["seconds"])
    return sum(one["seconds"] for one in measured.values())
