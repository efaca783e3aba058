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
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from agent.loading import newest_run
from scripts.cli import friendly, options, shown
from training.benchmark.benchmark import benchmark
from training.benchmark.config import BenchmarkConfig
from training.benchmark.entries import Entry
from training.benchmark.protocols import protocol

GO_ON = "what has ended is kept; the same command goes on."
LINE_EVERY = 0.05
"""Share of the whole, from line to line where there is no terminal to draw bars on."""


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
        with Bars() as bars:
            rows = benchmark(asked, chosen, folder, bars.begin)
        for row in rows:
            rate = f"{100 * row.average.value:5.1f} %" if row.average else ""
            whole = {name: one for name, one in row.cells.items() if not one.missing}
            rates = " ".join(f"{name} {100 * one.success:.0f}" for name, one in whole.items())
            left = f"  {row.missing} episodes missing" if row.missing else ""
            print(f"{row.label:40} {rate}  {rates}{left}  {shown(row.failure)}".rstrip())
        print(f"The report is {folder / 'report.md'}, and as one page {folder / 'report.html'}.")


def _usual() -> tuple[str, ...]:
    """The references, and the newest run here, or the mind that comes with the code."""
    run = newest_run(Path("runs"))
    if run is None:
        print("There is no mind of your own in runs/ yet: `make train` makes one.")
    return ("random", "reactive", "expert", str(run or "nano-mixed"))


class Bars(Progress):
    """A bar for each policy and one for all, with the time left; lines where no terminal is."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(compact=True))
        super().__init__(*columns, console=Console(stderr=True))
        self._said = 0.0

    def begin(self, everyone: Sequence[Entry]) -> Callable[[Entry, float], None]:
        """Draw the bars; the function returned moves them on."""
        every = self.add_task("everything", total=sum(len(entry.starts) for entry in everyone))
        bars = {
            id(entry): self.add_task(escape(entry.contestant.label), total=len(entry.starts))
            for entry in everyone
        }

        def advance(entry: Entry, episodes: float) -> None:
            self.advance(bars[id(entry)], episodes)
            self.advance(every, episodes)
            whole = self._tasks[every]
            share = whole.percentage / 100
            if not self.console.is_terminal and share >= self._said + LINE_EVERY:
                self._said = share
                left = (
                    "" if whole.time_remaining is None else f", {whole.time_remaining:.0f} s left"
                )
                self.console.print(f"{escape(entry.contestant.label)}; in all {share:.0%}{left}")

        return advance


if __name__ == "__main__":
    main()
