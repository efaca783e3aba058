"""The report of a benchmark, made from its folder alone: pages, plots and a file of results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.benchmark.document import html, markdown
from training.benchmark.figures import Row, average, cell, pairing
from training.benchmark.pictures import (
    COLOURS,
    REFERENCE,
    Line,
    draw_by_trial,
    draw_panels_of,
)
from training.benchmark.protocols import VERSION, Protocol
from training.benchmark.store import Played, sheets
from training.benchmark.words import AVERAGE, document
from training.plots import SILVER, Rate, style
from training.run_dir import write_json


def read(folder: Path, protocol: Protocol) -> tuple[list[Row], dict[str, list[Played]]]:
    """Everyone's figures, in the order in which they were asked for, and by label what they played.

    Raises:
        ValueError: if nothing was played yet, or what was is damaged or of another version.
    """
    found = sorted(
        ((sheet.about(), sheet) for _, sheet in sheets(folder)), key=lambda one: one[0]["order"]
    )
    if not found:
        raise ValueError(f"there is nothing in {folder} to report on: play first.")
    played = {about["label"]: sheet.played() for about, sheet in found}
    expert = {(one.trial, one.seed): one.turns for one in played.get("expert", ()) if one.success}
    rows = [
        _row(about, played[about["label"]], sheet.failure, expert, protocol)
        for about, sheet in found
    ]
    return rows, played


def _row(
    about: Mapping[str, Any],
    played: Sequence[Played],
    failure: str,
    expert: Mapping[tuple[str, int], int],
    protocol: Protocol,
) -> Row:
    of: dict[str, list[Played]] = {}
    for one in played:
        of.setdefault(one.trial, []).append(one)
    cells = {
        trial: cell(of[trial], about["episodes"], expert)
        for trial in about["trials"]
        if trial in of
    }
    planned = about["episodes"] * len(about["trials"])
    limits = {options["turn_limit"] for options in about["options"].values()}
    return Row(
        about["label"],
        about["told"],
        cells,
        average(cells, about["trials"]) if protocol.average else None,
        failure,
        max(0, planned - len(played)),
        limits.pop() if about["told"] and len(limits) == 1 else None,
        tuple(about["as_published"]),
        about["command"],
    )


def write_report(folder: Path, protocol: Protocol, baseline: str = "reactive") -> list[Row]:
    """Write `report.md`, `report.html`, `plots/` and `result.json` into a benchmark's folder.

    Args:
        folder: that was played into.
        protocol: what was played.
        baseline: whom the others are compared with.

    Raises:
        ValueError: as `read`.
    """
    rows, played = read(folder, protocol)
    picture = folder / "plots" / "success.png"
    picture.parent.mkdir(exist_ok=True)
    with style():
        draw(rows, protocol).savefig(picture)
    paired = [
        found
        for label in played
        if baseline in played and label != baseline
        if (found := pairing((label, played[label]), (baseline, played[baseline])))
    ]
    blocks = list(document(rows, paired, protocol, picture))
    (folder / "report.md").write_text(markdown(blocks, folder), encoding="utf-8")
    (folder / "report.html").write_text(html(blocks, protocol.title), encoding="utf-8")
    write_json(folder / "result.json", {protocol.name: result(rows)})
    return rows


def result(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """By policy and task, what a table needs, with the command that made it."""
    return {
        row.label: {
            trial: {
                "success": one.success,
                "low": one.low,
                "high": one.high,
                "episodes": one.episodes,
                "missing": one.missing,
                "invalid": one.invalid,
                "turns": one.turns,
                "tokens": one.tokens,
                "tokens_read": one.tokens_read,
                "seconds": one.seconds,
                "length_ratio": one.length_ratio,
                "command": row.command,
            }
            for trial, one in row.cells.items()
        }
        | ({AVERAGE: asdict(row.average)} if row.average else {})
        | ({"failure": row.failure} if row.failure else {})
        for row in rows
    }


def merge(path: Path, protocol: Protocol, rows: Sequence[Row]) -> None:
    """Put the results of a protocol into a file that may hold those of others.

    Raises:
        ValueError: if the file is of another version.
    """
    known: dict[str, Any] = {"version": VERSION}
    if path.is_file():
        known = json.loads(path.read_text())
        if known.get("version") != VERSION:
            raise ValueError(
                f"{path} holds results of version {known.get('version')} of the protocols, and "
                f"this is version {VERSION}: write into another file."
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, known | {protocol.name: result(rows)})


def draw(rows: Sequence[Row], protocol: Protocol) -> Any:
    """Success of all policies on all trials."""
    trials = [trial.name for trial in protocol.trials]
    colours = iter(COLOURS * len(rows))
    lines = []
    for row in rows:
        fixed = row.label in ("random", "reactive", "expert")
        colour = REFERENCE if fixed else next(colours)
        rates = {
            trial: Rate(row.label, one.success, one.low, one.high)
            for trial, one in row.cells.items()
        }
        if row.average:
            ends = row.average.interval
            rates[AVERAGE] = Rate(row.label, row.average.value, ends.low, ends.high)
        lines.append(Line(row.label, colour, rates))
    if not protocol.average:
        return draw_by_trial(trials, [line for line in lines if line.rates])
    for one in protocol.published:
        if one.average is not None:
            reach = 1.96 * (one.error or 0)
            rate = Rate(one.policy, one.average, one.average - reach, min(1, one.average + reach))
            lines.append(Line(f"{one.policy}, published", SILVER, {AVERAGE: rate}))
    return draw_panels_of([AVERAGE, *trials], lines)
