"""Grounded against text-only: run the arms, measure them, compare them, write the report.

python -m scripts.study                                  every arm, three seeds, the study's preset
python -m scripts.study --arms grounded yoked --seeds 0  these, and what they need
python -m scripts.study --report-only                    of what is done so far
python -m scripts.study --ray                            on a Ray cluster

The same command again goes on where it was stopped, and does nothing twice.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from envs.questions.suite import read_suite
from scripts.cli import friendly, options, write_json
from training.presets import preset
from training.study.arms import Place
from training.study.jobs import State, in_processes, jobs, on_ray, progress, run_all
from training.study.report import write_report
from training.study.study import results
from training.study.worlds import plan

ROUND = ("cold", "cold+", "grounded", "yoked", "text-rl", "broken", "no-think")


@dataclass(frozen=True, slots=True)
class Options:
    """Which runs, where, and how."""

    arms: tuple[str, ...] = ROUND
    """of those in training/study/arms.py; what they need is run as well"""
    seeds: tuple[int, ...] = (0, 1, 2)
    """training seeds; each arm is run with each"""
    preset: str = "study"
    """what the arms are made from"""
    folder: Path = Path("study")
    """where runs, outcomes and the report are"""
    workers: int = 1
    """runs at once; the cores are shared out among them"""
    threads: int = 2
    """cores of one run"""
    missions: int = 500
    """test missions that each mind plays of the task that `grounded` learns"""
    changed: int = 100
    """test missions that it plays with each thing changed: words, objects, rooms, the level"""
    far: tuple[str, ...] = ()
    """tasks of reasoning-gym that each mind is asked, too; `python -m scripts.screen` finds some"""
    ray: bool = False
    """spread the runs over a Ray cluster"""
    unequal: bool = False
    """compare arms that have not spent as much as one another, too"""
    report_only: bool = False
    """run nothing"""
    json: Path | None = None
    """write the results here, too"""

    def __post_init__(self) -> None:
        if min(self.workers, self.threads, self.missions, self.changed) < 1:
            raise ValueError("workers, threads, missions and changed must be at least 1")
        if not self.seeds or not self.arms:
            raise ValueError("a study has at least one arm and one seed")


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, run what is left, report."""
    with friendly("what has ended is kept; the same command goes on."):
        asked = options(Options, "study", sys.argv[1:] if args is None else args, __doc__ or "")
        base, console = preset(asked.preset), Console(stderr=True)
        every = jobs(asked.arms, asked.seeds, Place(asked.folder))

        if asked.report_only:
            states = {job.folder.name: job.state() for job in every}
        else:
            start = (on_ray if asked.ray else in_processes)(base, asked.threads)
            states = run_all(
                every, start, asked.workers, lambda states: console.print(progress(states))
            )
        for job in every:
            if states[job.folder.name] is State.FAILED:
                console.print(f"{job.folder.name} failed: {job.log} says why")
        worlds = plan(base.task, asked.missions, asked.changed, asked.far)
        found = results(
            every, states, base, read_suite(), worlds, unequal=asked.unequal,
            on_measure=lambda checkpoint: console.print(f"measuring {checkpoint.folder}"),
        )  # fmt: skip
        write_json(asked.json, found.as_json())
        print(write_report(asked.folder, found))


if __name__ == "__main__":
    main()
