"""Far transfer: which tasks of reasoning-gym can show which arm of a study is better.

python -m scripts.screen --policy study/runs/cold-0
python -m scripts.screen --policy smollm2 --tasks leg_counting coin_flip --items 100

Asked is the mind that every arm begins with. A task is kept if it is right more often than one that
always gives the commonest answer, by five points, and at most nine times in ten.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import Progress

from agent.loading import load
from envs.questions.reasoning_gym_world import names
from scripts.cli import friendly, options, write_json
from training.study.screening import fitting, screen


@dataclass(frozen=True, slots=True)
class Options:
    """Who is asked, and what."""

    policy: str
    """a run folder, or a model's folder or name"""
    tasks: tuple[str, ...] = ()
    """of reasoning-gym; by default all"""
    items: int = 50
    """questions of each, from validation seeds"""
    characters: int = 500
    """tasks with longer questions are left out"""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """of a model's weights; `auto`: what this machine is fastest in"""
    json: Path | None = None
    """write the figures here, too"""


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, ask, print a line for each task."""
    with friendly():
        asked = options(Options, "screen", sys.argv[1:] if args is None else args, __doc__ or "")
        if min(asked.items, asked.characters) < 1:
            raise ValueError("items and characters must be at least 1")
        chosen = fitting(asked.tasks or names(), asked.characters)
        policy = load(asked.policy, precision=asked.precision)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task(f"{policy.name}, asked", total=len(chosen))
            found = screen(policy, chosen, asked.items, lambda _: progress.advance(bar))
        for one in found:
            kept = "kept" if one.kept else ""
            print(f"{one.task:28} {one.success:6.1%}  chance {one.chance:6.1%}  {kept}")
        print("--far " + " ".join(one.task for one in found if one.kept))
        figures = [{**asdict(one), "kept": one.kept} for one in found]
        write_json(asked.json, {"options": asdict(asked), "figures": figures})


if __name__ == "__main__":
    main()
