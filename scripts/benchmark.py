"""Play a list of policies on a protocol's tasks, and write a report beside published rows.

python -m scripts.benchmark                                  random, rule, expert, the newest run
python -m scripts.benchmark --policies smollm2 smollm2,few-shot runs/default-0
python -m scripts.benchmark --protocol glam --policies runs/default-0,greedy random
python -m scripts.benchmark --protocol axes --task goto-local --policies runs/default-0
python -m scripts.benchmark --policies api:gpt-4o-mini --api.max-cost 2 --api.input-price .15 \\
    --api.output-price .6          OPENAI_API_KEY and OPENAI_BASE_URL say as whom, and where

The same command again goes on where it was stopped, and plays nothing twice.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from agent.loading import newest_run
from scripts.cli import friendly, options, shown
from training.benchmark.benchmark import Entry, entries, play_missing
from training.benchmark.config import BenchmarkConfig
from training.benchmark.protocols import Protocol, protocol
from training.benchmark.report import merge, write_report

LINE_EVERY = 5
"""Per cent, from line to line where there is no terminal to draw bars on."""
GO_ON = "what was played is kept; the same command goes on."


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, play what is missing, write the report."""
    with friendly(GO_ON):
        asked = options(
            BenchmarkConfig, "benchmark", sys.argv[1:] if args is None else args, __doc__ or ""
        )
        chosen = protocol(asked.protocol, asked.task)
        folder = asked.folder or Path("benchmarks") / chosen.name
        if not asked.policies and not asked.report_only:
            asked = replace(asked, policies=_usual())
        try:
            if not asked.report_only:
                _play(asked, chosen, folder)
        finally:  # also of what was stopped
            if asked.report_only or any(folder.glob("episodes/*.jsonl")):
                _report(asked, chosen, folder)


def _usual() -> tuple[str, ...]:
    """The references, and the newest run here."""
    run = newest_run(Path("runs"))
    if run is None:
        print("There is no trained mind in runs/ yet: `make train` makes one.")
    return ("random", "reactive", "expert", *([str(run)] if run else []))


def _play(asked: BenchmarkConfig, chosen: Protocol, folder: Path) -> None:
    everyone = entries(asked, chosen, folder)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(compact=True))
    console = Console(stderr=True)
    said = {entry.contestant.slug: 0 for entry in everyone}
    with Progress(*columns, console=console) as progress:
        bars = {
            entry.contestant.slug: progress.add_task(
                escape(entry.contestant.label), total=entry.turn_limit
            )
            for entry in everyone
        }

        def advance(entry: Entry, turns: int) -> None:
            slug = entry.contestant.slug
            progress.advance(bars[slug], turns)
            share = int(progress.tasks[bars[slug]].percentage)
            if not console.is_terminal and share >= said[slug] + LINE_EVERY:
                said[slug] = share
                console.print(f"{escape(entry.contestant.label)}: {share} % of its turns")

        play_missing(asked, chosen, folder, everyone, advance)


def _report(asked: BenchmarkConfig, chosen: Protocol, folder: Path) -> None:
    rows = write_report(folder, chosen, asked.baseline)
    if asked.json:
        merge(asked.json, chosen, rows)
    for row in rows:
        rate = f"{100 * row.average.value:5.1f} %" if row.average else ""
        rates = " ".join(f"{name} {100 * one.success:.0f}" for name, one in row.cells.items())
        left = f"  {row.missing} episodes missing" if row.missing else ""
        print(f"{row.label:40} {rate}  {rates}{left}  {shown(row.failure)}".rstrip())
    print(f"The report is {folder / 'report.md'}, and as one page {folder / 'report.html'}.")


if __name__ == "__main__":
    main()
