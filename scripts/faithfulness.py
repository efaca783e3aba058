"""Does a mind mean what it thinks? Change its thoughts, and see what it does.

python -m scripts.faithfulness --policy runs/mixed-0 --task mixed
python -m scripts.faithfulness --policy runs/mixed-0 --greedy --report thoughts.md
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import Progress

import envs
from agent import load
from agent.language_policy import LanguagePolicy
from agent.types import Start
from scripts.cli import friendly, options, write_json
from training.faithfulness.report import faithfulness, report


@dataclass(frozen=True, slots=True)
class Options:
    """Whose thoughts, and where."""

    policy: str
    """a run folder, or a model's folder"""
    task: str = "mixed"
    """a named task, or any MiniGrid or BabyAI id that an expert can do"""
    missions: int = 128
    """test missions that are played, once as it is and once with each change of every thought"""
    points: int = 400
    """decision points at which thoughts are changed, at most"""
    greedy: bool = False
    """take the likeliest token each time where it plays, in place of sampling"""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """of its weights; `auto`: what this machine is fastest in"""
    report: Path | None = None
    """write the report here, in place of showing it"""
    json: Path | None = None
    """write the figures here, too"""


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, probe, report."""
    with friendly():
        given = sys.argv[1:] if args is None else args
        asked = options(Options, "faithfulness", given, __doc__ or "")
        if min(asked.missions, asked.points) < 1:
            raise ValueError("missions and points must be at least 1")
        policy = load(
            asked.policy, temperature=0.0 if asked.greedy else None, precision=asked.precision
        )
        if not isinstance(policy, LanguagePolicy):
            raise ValueError(f"{asked.policy} is no mind: only one that writes thoughts has any")
        starts = [Start(asked.task, seed) for seed in envs.seeds("test", asked.missions)]
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task(f"{policy.name}, its thoughts", total=5 * asked.missions)
            found = faithfulness(
                policy, asked.task, starts, envs.make, asked.points,
                lambda _: progress.advance(bar),
            )  # fmt: skip
        write_json(asked.json, {"options": asdict(asked), **asdict(found)})
        if asked.report is None:
            print(report(found))
            return
        asked.report.parent.mkdir(parents=True, exist_ok=True)
        asked.report.write_text(report(found), encoding="utf-8")
        print(asked.report)


if __name__ == "__main__":
    main()
