"""Ask a policy the fixed suite of questions, or write the suite.

python -m scripts.questions --policy runs/mixed-0
python -m scripts.questions --policy smollm2 --json answers.json
python -m scripts.questions --make suite.jsonl
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import Progress

from agent import load
from envs.questions.suite import PATH, make_suite, read_suite, suite_hash, write_suite
from scripts.cli import friendly, options, write_json
from training.answer_table import table
from training.answers import answers


@dataclass(frozen=True, slots=True)
class Options:
    """Whom to ask, and what."""

    policy: str = "random"
    """a run folder, a model's folder, `smollm2` or a hub id; `random` or `expert`"""
    suite: Path = PATH
    """a file of items; by default the fixed one"""
    make: Path | None = None
    """write the fixed suite, drawn anew, to this file, and ask nobody"""
    greedy: bool = False
    """take the likeliest token each time, in place of sampling"""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """of a model's weights; `auto`: what this machine is fastest in"""
    json: Path | None = None
    """write the figures here, too"""


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, ask, print a table."""
    with friendly():
        asked = options(Options, "questions", sys.argv[1:] if args is None else args, __doc__ or "")
        if asked.make:
            write_suite(make_suite(), asked.make)
            print(f"{asked.make}: sha256 {suite_hash(asked.make)}")
            return
        items = read_suite(asked.suite)
        policy = load(
            asked.policy, temperature=0.0 if asked.greedy else None, precision=asked.precision
        )
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task(f"{policy.name}, asked", total=len(items))
            found = answers(policy, items, lambda _: progress.advance(bar))
        rows = table(found)
        for row in rows:
            print(row)
        figures = [asdict(row) for row in rows]
        write_json(
            asked.json,
            {"options": asdict(asked), "suite": suite_hash(asked.suite), "figures": figures},
        )


if __name__ == "__main__":
    main()
