"""Measure a policy on held-out missions.

python -m scripts.evaluate --policy runs/default-0
python -m scripts.evaluate --policy expert --task BabyAI-GoToLocal-v0 --missions 100
python -m scripts.evaluate --policy smollm2 --greedy --json result.json
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
from agent.policies import ExpertPolicy
from agent.types import Episode, Start
from envs.expert import cannot
from scripts.cli import friendly, options, write_json
from training.evaluation import evaluate
from training.trained_on import trained_task


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure, and on what."""

    policy: str = "nano-mixed"
    """`random`, `reactive`, `expert`, `nano-mixed`, a run's or model's folder, or a hub id"""
    task: str = ""
    """a named task, or any MiniGrid or BabyAI id; none: what the policy was trained on"""
    phrasing: str = "sentences"
    """how observations are put into words"""
    split: envs.Split = envs.Split.TEST
    """which seeds; a figure to report comes from `test`, and nothing is ever tuned on it"""
    missions: int = 512
    """how many, one episode each"""
    greedy: bool = False
    """take the likeliest token each time, in place of sampling"""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """of a model's weights; `auto`: what this machine is fastest in"""
    seats: int = 128
    """episodes at once"""
    json: Path | None = None
    """write the figures here, too"""


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, play, print."""
    with friendly():
        asked = options(Options, "evaluate", sys.argv[1:] if args is None else args, __doc__ or "")
        if asked.missions < 1 or asked.seats < 1:
            raise ValueError("missions and seats must be at least 1")
        task = asked.task or trained_task(asked.policy)
        make = partial(envs.make, phrasing=asked.phrasing)
        starts = [Start(task, seed) for seed in envs.seeds(asked.split, asked.missions)]
        policy = load(
            asked.policy, temperature=0.0 if asked.greedy else None, precision=asked.precision
        )
        with Progress(console=Console(stderr=True), transient=True) as progress:
            expert: list[Episode] = []
            if not cannot(envs.task(task).world_id):
                lengths = progress.add_task("the expert, to compare lengths", total=asked.missions)
                _, expert = evaluate(
                    ExpertPolicy(), starts, make, on_episode=lambda _: progress.advance(lengths)
                )
            bar = progress.add_task(f"{policy.name} on {task}", total=asked.missions)
            measured, _ = evaluate(
                policy,
                starts,
                make,
                seats=asked.seats,
                expert=expert,
                on_episode=lambda _: progress.advance(bar),
            )
        for name, value in asdict(measured).items():
            print(f"{name:20} {value:.4g}" if isinstance(value, float) else f"{name:20} {value}")
        write_json(asked.json, {"options": asdict(asked) | {"task": task}, **asdict(measured)})


if __name__ == "__main__":
    main()
