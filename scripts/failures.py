"""Sort a policy's failed test episodes by cause, and draw some of them.

python -m scripts.failures --policy runs/mixed-0 --task mixed
python -m scripts.failures --policy reactive --task mixed-balrog --failures 20
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import Progress

import envs
from agent import load
from agent.rollout import play
from agent.types import Start
from scripts.cli import friendly, options, write_json
from training.failures import Failure, count_causes, failures, failures_report
from training.picture import draw_episode

SHEETS, TILES = 3, 9


@dataclass(frozen=True, slots=True)
class Options:
    """Whose failures, and how many."""

    policy: str
    """a run folder, a model's folder, `reactive`, `random`"""
    task: str = "mixed"
    """a named task, or any MiniGrid or BabyAI id that an expert can do"""
    failures: int = 50
    """stop when so many are found"""
    missions: int = 2000
    """or when so many missions were played"""
    greedy: bool = False
    """take the likeliest token each time, in place of sampling"""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """of a model's weights; `auto`: what this machine is fastest in"""
    seats: int = 128
    """episodes at once"""
    folder: Path = Path("failures")
    """where the report and its pictures go"""
    json: Path | None = None
    """write the counts here, too"""


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, play, sort, draw."""
    with friendly():
        asked = options(Options, "failures", sys.argv[1:] if args is None else args, __doc__ or "")
        if min(asked.failures, asked.missions, asked.seats) < 1:
            raise ValueError("failures, missions and seats must be at least 1")
        policy = load(
            asked.policy, temperature=0.0 if asked.greedy else None, precision=asked.precision
        )
        found: list[Failure] = []
        played = 0
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task(f"failures of {policy.name}", total=asked.failures)
            while played < asked.missions and len(found) < asked.failures:
                count = min(asked.seats, asked.missions - played)
                starts = [Start(asked.task, seed) for seed in envs.seeds("test", count, played)]
                episodes = play(policy, [(one, 0) for one in starts], seats=asked.seats)
                found = [*found, *failures(episodes, envs.make)][: asked.failures]
                played += count
                progress.update(bar, completed=len(found))
        if len(found) == asked.failures:
            played = found[-1].episode.start.seed - envs.seeds("test", 1)[0] + 1
        causes = count_causes(found)
        drawn = [next(one for one in found if one.cause is cause) for cause in causes][:SHEETS]
        sheets = [f"{one.cause.value.replace(' ', '-')}.png" for one in drawn]
        for one, sheet in zip(drawn, sheets, strict=True):
            make, turns = partial(envs.make, render_mode="rgb_array"), len(one.episode.turns)
            draw_episode(one.episode, make, asked.folder / sheet, TILES, max(0, turns - TILES))
        report = asked.folder / "report.md"
        asked.folder.mkdir(parents=True, exist_ok=True)
        report.write_text(failures_report(policy.name, found, played, sheets), encoding="utf-8")
        for cause, number in causes.items():
            print(f"{cause.value:15} {number}")
        print(f"{len(found)} failures among {played} episodes: {report}")
        write_json(asked.json, {"options": asdict(asked), "played": played, "causes": causes})


if __name__ == "__main__":
    main()
