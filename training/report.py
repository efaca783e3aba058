"""The report of a run: `report.md` and its plots, made from the run folder alone."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from envs.display import visible
from training.markdown import plain, table_lines
from training.plots import (
    AMBER,
    SEA,
    SILVER,
    TEAL,
    Rate,
    Series,
    draw_panels,
    draw_scale,
    draw_success,
    style,
)
from training.run_dir import read_evaluation, read_metrics, read_run
from training.statistics import newcombe_difference

logger = logging.getLogger(__name__)

POLICIES = {
    "random": "random",
    "reactive": "reactive rule",
    "zero_shot": "zero-shot",
    "cold_start": "cold start",
    "cold_plus": "cold start, continued",
    "yoked": "yoked to another run",
    "grpo": "GRPO",
    "expert": "expert",
}
"""Rows of the tables in this order, by their names in `evaluation.json`."""

HOW = "sampled", "greedy"
"""Ways of drawing a mind's replies."""

STAGES = {"cold_start": SEA, "cold_plus": SEA, "yoked": SEA, "grpo": TEAL}
"""Those that are stages of the run, and their colours; the others are to compare it with."""

HEALTH = {
    "Reward": "reward",
    "Spread within groups": "reward_spread",
    "Gradient norm": "grad_norm",
    "Entropy (nats)": "entropy",
    "Words in a thought": "thought_words",
    "Unreadable replies": "unreadable",
    "Turns in an episode": "turns",
    "Groups without spread": "dropped_groups",
    "Sampler against learner": "sampler_gap",
}
"""What is drawn and tabled of the GRPO steps, where it was logged: title and name."""

Lines = Sequence[Mapping[str, Any]]


def write_report(folder: Path) -> Path:
    """Write `report.md` and `plots/` into a run folder; what was not run is left out, and said.

    Returns:
        the report's path.

    Raises:
        ValueError: the folder holds no run.
    """
    about, lines = read_run(folder), read_metrics(folder)
    measured = table(read_evaluation(folder))
    (folder / "plots").mkdir(exist_ok=True)
    with style():
        pictures = draw(lines, measured, about["config"].get("hard_share", 0.0))
        for name, figure in pictures.items():
            with _replacing(folder / "plots" / f"{name}.png") as beside:
                figure.savefig(beside)
    path = folder / "report.md"
    with _replacing(path) as beside:
        beside.write_text("\n".join(words(folder.name, about, lines, measured, pictures)) + "\n")
    logger.info("wrote %s", path)
    return path


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A place beside a file, to write what then takes its place: two may write at once."""
    beside = path.with_name(f".{os.getpid()}-{path.name}")
    yield beside
    beside.replace(path)


def table(evaluation: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The measurements of `evaluation.json` by label, a row for sampled and one for greedy play."""
    rows: dict[str, dict[str, Any]] = {}
    for name, label in POLICIES.items():
        found = evaluation.get(name)
        if found and "success" in found:
            rows[label] = {"policy": name, **found}
        elif found:
            for how, figures in ((how, found[how]) for how in HOW if how in found):
                rows[f"{label}, {how}"] = {"policy": name, "how": how, **figures}
    return rows


def draw(
    lines: Lines, measured: Mapping[str, Mapping[str, Any]], hard_share: float = 0.0
) -> dict[str, Figure]:
    """Every picture there are numbers for, by file name."""
    pictures: dict[str, Figure] = {}
    rates = {label: _rate(label, row) for label, row in measured.items()}
    if rates:
        pictures["scale"] = draw_scale(list(rates.values()))
    training = series(lines, "grpo", "success")
    validation = [
        (line["step"], _rate("validation", line)) for line in lines if line["stage"] == "validation"
    ]
    if training or validation:
        fixed = [rate for rate in rates.values() if rate.colour == SILVER]
        pictures["success"] = draw_success(training, validation, fixed, hard_share)
    health = {title: series(lines, "grpo", name) for title, name in HEALTH.items()}
    if any(health.values()):
        pictures["health"] = draw_panels({title: one for title, one in health.items() if one})
    cold = {
        title: series(lines, "cold_start", name)
        for title, name in (("Loss", "loss"), ("Gradient norm", "grad_norm"))
    }
    if all(cold.values()):
        pictures["cold_start"] = draw_panels(cold, colour=AMBER, columns=2)
    return pictures


def series(lines: Lines, stage: str, name: str) -> Series:
    """A figure over the steps of a stage, where it is a finite number."""
    return [
        (line["step"], float(line[name]))
        for line in lines
        if line["stage"] == stage and line.get(name) is not None and isfinite(float(line[name]))
    ]


def words(
    title: str,
    about: Mapping[str, Any],
    lines: Lines,
    measured: Mapping[str, Mapping[str, Any]],
    pictures: Mapping[str, object],
) -> list[str]:
    """The report, line by line."""
    config = about["config"]
    text = [
        f"# {title}",
        "",
        f"Task {plain(config.get('task'))}, model {plain(config.get('model'))}, seed "
        f"{config.get('seed')}.",
        "",
        *(f"- {sentence}" for sentence in lift(measured)),
    ]
    text += ["", "## Results", ""]
    text += _results(measured) if measured else ["Nothing has been measured yet."]
    for name, caption in (
        ("scale", ""),
        ("success", "Success over the GRPO steps."),
        ("health", "Health of training: each step faint, the mean of its neighbours strong."),
        ("cold_start", "The cold start."),
    ):
        if name in pictures:
            text += ["", f"![{caption or 'Success on the test missions'}](plots/{name}.png)"]
            text += ["", f"*{caption}*"] if caption else []
    steps = [line for line in lines if line["stage"] == "grpo"]
    if steps:
        text += ["", "## Health", "", *_health(lines)]
    skipped = sum(bool(line.get("skipped")) for line in lines)
    if skipped:
        text += ["", f"Updates skipped, because a number had gone wrong: {skipped}."]
    alarms = [
        f"- {line['stage']} {line['step']}: {plain(alarm)}"
        for line in lines
        for alarm in line.get("alarms", ())
    ]
    text += ["", "## Alarms", "", *(alarms or ["None."])]
    text += ["", "## How it was made", "", "```", visible(about["command"]), "```", ""]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    text += [
        f"Commit {about['commit'] or 'unknown'}; started {about['started']}; Python "
        f"{about['python']}, {versions}; {about['platform']}, {about['threads']} threads. The "
        "whole configuration is in `run.json`, every figure in `metrics.jsonl`.",
    ]
    return text


def lift(measured: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What GRPO added to the cold start, in sentences, with Newcombe's interval."""
    sentences = []
    for how in HOW:
        before, after = measured.get(f"cold start, {how}"), measured.get(f"GRPO, {how}")
        if before and after:
            counts = [
                count
                for row in (after, before)
                for count in (round(row["success"] * row["episodes"]), row["episodes"])
            ]
            change = newcombe_difference(*counts)
            sentences.append(
                f"GRPO took {how} success from {100 * before['success']:.1f} % to "
                f"{100 * after['success']:.1f} %: {100 * change.value:+.1f} points (95 % interval "
                f"{100 * change.interval.low:+.1f} to {100 * change.interval.high:+.1f}, "
                f"n = {after['episodes']})."
            )
    return sentences


def _results(measured: Mapping[str, Mapping[str, Any]]) -> list[str]:
    head = ("policy", "success", "95 % interval", "n", "turns", "length / expert's")
    rows = [
        (
            label,
            f"{100 * row['success']:.1f} %",
            f"{100 * row['low']:.1f} to {100 * row['high']:.1f} %",
            str(row["episodes"]),
            f"{row['turns']:.1f}",
            "" if row.get("length_ratio") is None else f"{row['length_ratio']:.2f}",
            f"{100 * row['unreadable']:.1f} %",
            f"{row['reply_tokens']:.1f}" if row.get("reply_tokens") else "",
            "" if row.get("true_claims") is None else f"{100 * row['true_claims']:.0f} %",
        )
        for label, row in measured.items()
    ]
    return table_lines((*head, "unreadable", "tokens a reply", "true claims"), rows)


def _health(lines: Lines) -> list[str]:
    rows = []
    for title, name in HEALTH.items():
        values = [value for _, value in series(lines, "grpo", name)]
        if values:
            figures = (values[0], values[-1], min(values), max(values))
            rows.append((title, *(f"{value:.3g}" for value in figures)))
    return table_lines(("", "first step", "last step", "least", "most"), rows)


def _rate(label: str, row: Mapping[str, Any]) -> Rate:
    colour = STAGES.get(row.get("policy", ""), SILVER)
    return Rate(label, row["success"], row["low"], row["high"], colour)
