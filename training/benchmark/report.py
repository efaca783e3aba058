"""The report of a benchmark, made from its folder alone: pages, plots and a file of results."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.loading import POLICIES
from envs.errors import unknown
from training.benchmark.document import html, markdown
from training.benchmark.figures import Cell, Row, average, cell, pairing
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


def read(folder: Path, protocol: Protocol) -> list[tuple[Row, list[Played]]]:
    """Everyone's figures and what they played, in the order in which they were asked for.

    Raises:
        ValueError: if nothing was played yet, or what was is damaged, of another version or of
            another protocol.
    """
    found = sorted(
        ((sheet.about(), sheet) for _, sheet in sheets(folder)), key=lambda one: one[0]["order"]
    )
    if not found:
        raise ValueError(f"there is nothing in {folder} to report on: play first.")
    for about, _ in found:
        if about["protocol"] != protocol.name:
            raise ValueError(
                f"{folder} holds what {about['label']} played of {about['protocol']}, and this is "
                f"{protocol.name}: take another --folder."
            )
    played = [(about, sheet.failure, sheet.played()) for about, sheet in found]
    expert = {
        (one.trial, one.seed): one.turns
        for about, _, episodes in played
        for one in episodes
        if about["label"] == "expert" and one.success
    }
    return [
        (_row(about, episodes, failure, expert, protocol), episodes)
        for about, failure, episodes in played
    ]


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
    return Row(
        about["label"],
        about["told"],
        cells,
        average(cells, about["trials"]) if protocol.average else None,
        failure,
        about["episodes"],
        max(0, about["episodes"] * len(about["trials"]) - len(played)),
        about["options"].get("most_turns"),
        about["conditions"] if about["told"] else {},
        tuple(about["as_published"]),
        about["command"],
    )


def write_report(
    folder: Path, protocol: Protocol, baselines: Sequence[str] = ("reactive",)
) -> list[Row]:
    """Write `report.md`, `report.html`, `plots/` and `result.json` into a benchmark's folder.

    Args:
        folder: that was played into.
        protocol: what was played.
        baselines: labels of whom the others are compared with; who has not played is left out.

    Raises:
        ValueError: as `read`.
    """
    everyone = read(folder, protocol)
    rows = [row for row, _ in everyone]
    picture = folder / "plots" / "success.png"
    picture.parent.mkdir(exist_ok=True)
    with style():
        draw(rows, protocol).savefig(picture)
    paired = [
        [found for one in everyone if one is not base and (found := pairing(one, base))]
        for base in everyone
        if base[0].label in baselines
    ]
    blocks = list(document(rows, list(filter(None, paired)), protocol, picture))
    (folder / "report.md").write_text(markdown(blocks, folder), encoding="utf-8")
    (folder / "report.html").write_text(html(blocks, protocol.title), encoding="utf-8")
    write_json(folder / "result.json", {protocol.name: result(rows, protocol)})
    return rows


def check_baselines(baselines: Sequence[str], folder: Path, asked: Sequence[str]) -> None:
    """
    Raises:
        ValueError: if nobody of that name plays or has played; but for the usual one.
    """
    known = {*asked, *(sheet.about()["label"] for _, sheet in sheets(folder))}
    for baseline in baselines:
        if baseline not in known and baseline != "reactive":
            raise unknown("baseline", baseline, known)


def result(rows: Sequence[Row], protocol: Protocol) -> dict[str, dict[str, Any]]:
    """By policy and task, what a table needs, with the command that made it.

    A task of which nothing was played says how much is missing, and nothing else.
    """
    found = {}
    for row in rows:
        tasks: dict[str, Any] = {
            trial.name: _task(row.cells[trial.name], row.command)
            if trial.name in row.cells
            else {"episodes": 0, "missing": row.planned, "command": row.command}
            for trial in protocol.trials
        }
        if row.average:
            ends = row.average.interval
            tasks[AVERAGE] = {
                "success": row.average.value,
                "low": ends.low,
                "high": ends.high,
                "standard_error": row.average.standard_error,
                "episodes": sum(one.episodes for one in row.cells.values()),
                "command": row.command,
            }
        found[row.label] = tasks | ({"failure": row.failure} if row.failure else {})
    return found


def _task(one: Cell, command: str) -> dict[str, Any]:
    return {
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
        "command": command,
    }


def check_results(path: Path) -> dict[str, Any]:
    """What a file of results holds; nothing where there is none.

    Raises:
        ValueError: if it is of another version.
    """
    if not path.is_file():
        return {"version": VERSION}
    known = json.loads(path.read_text())
    if known.get("version") != VERSION:
        raise ValueError(
            f"{path} holds results of version {known.get('version')} of the protocols, and this "
            f"is version {VERSION}: write into another file."
        )
    return dict(known)


def merge(path: Path, protocol: Protocol, rows: Sequence[Row]) -> None:
    """Put results into a file that may hold those of other protocols and policies.

    What it knows of these policies is replaced, and what it knows of others stays.

    Raises:
        ValueError: if the file is of another version.
    """
    known = check_results(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    before = known.get(protocol.name, {})
    write_json(path, known | {protocol.name: before | result(rows, protocol)})


def draw(rows: Sequence[Row], protocol: Protocol) -> Any:
    """Success of all policies on all trials."""
    trials = [trial.name for trial in protocol.trials]
    colours = iter(COLOURS * len(rows))
    lines = []
    for row in rows:
        fixed = row.label in POLICIES
        colour = REFERENCE if fixed else next(colours)
        rates = {
            trial: Rate(row.label, one.success, one.low, one.high)
            for trial, one in row.cells.items()
            if not one.missing
        }
        if row.average:
            ends = row.average.interval
            rates[AVERAGE] = Rate(row.label, row.average.value, ends.low, ends.high)
        lines.append(Line(row.label, colour, rates))
    if not protocol.average:
        for one in protocol.published:
            rates = {trial: Rate("", rate, rate, rate) for trial, rate in one.trials.items()}
            lines.append(Line(f"{one.policy}, published", SILVER, rates))
        return draw_by_trial(trials, [line for line in lines if line.rates])
    for one in protocol.published:
        if one.average is not None:
            reach = 1.96 * (one.error or 0)
            rate = Rate(one.policy, one.average, one.average - reach, min(1, one.average + reach))
            lines.append(Line(f"{one.policy}, published", SILVER, {AVERAGE: rate}))
    return draw_panels_of([AVERAGE, *trials], lines)
