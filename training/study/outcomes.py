"""What an arm's mind can do, measured on one checkpoint and kept beside its run.

The primary outcome is the fixed suite of questions; the world itself is the second.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

import envs
from agent.loading import load
from agent.rollout import play
from agent.types import Start
from envs.questions import Item
from envs.questions.suite import suite_hash
from training.answers import answers
from training.checkpoints import Checkpoint
from training.run_dir import write_json
from training.statistics import wilson_interval
from training.study.contrasts import Scores


@dataclass(frozen=True, slots=True)
class Success:
    """How often a task was done."""

    success: float
    low: float
    high: float
    episodes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was measured of a checkpoint."""

    suite: str
    """the hash of the suite's file"""
    families: tuple[str, ...]
    """of each item"""
    likeliest: tuple[bool, ...]
    """of each item, whether the choice that is likeliest is right"""
    answered: tuple[bool, ...]
    """of each item, whether what was answered is right"""
    world: Mapping[str, Success]
    """task -> how often it was done, on test missions"""

    @property
    def accuracy(self) -> float:
        """The share of items whose likeliest choice is right."""
        return float(np.mean(self.likeliest))

    def by_family(self) -> dict[str, float]:
        """The same for each family."""
        names = dict.fromkeys(self.families)
        hits = np.array(self.likeliest)
        return {name: float(hits[[one == name for one in self.families]].mean()) for name in names}

    @classmethod
    def read(cls, path: Path) -> Self:
        """What was kept; ValueError where it cannot be read."""
        try:
            told: dict[str, Any] = json.loads(path.read_text("utf-8"))
            world = {task: Success(**one) for task, one in told["world"].items()}
            lists = {name: tuple(told[name]) for name in ("families", "likeliest", "answered")}
            return cls(suite=told["suite"], world=world, **lists)
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} holds no outcome ({error!r})") from error


def outcome_path(run: Path, checkpoint: Checkpoint) -> Path:
    """Where the outcome of a checkpoint is kept."""
    return run / "outcomes" / f"{checkpoint.folder.name}.json"


def measured(
    run: Path,
    checkpoint: Checkpoint,
    suite: Sequence[Item],
    tasks: Mapping[str, int],
    on_part: Callable[[object], object] = lambda _: None,
) -> Outcome:
    """The outcome of a checkpoint: as it was kept, or else measured now, and kept.

    Args:
        run: the run folder.
        checkpoint: of that run.
        suite: the questions.
        tasks: task -> how many of its test missions are played.
        on_part: told of each question asked and each episode played.

    Raises:
        ValueError: if what was kept is of another suite: nothing is thrown away.
    """
    path = outcome_path(run, checkpoint)
    if path.exists():
        kept = Outcome.read(path)
        if kept.suite != suite_hash():
            raise ValueError(
                f"{path} was measured on another suite ({kept.suite[:12]} and not "
                f"{suite_hash()[:12]}): move it away, and it is measured anew"
            )
        if kept.world.keys() >= tasks.keys():
            return kept
    policy = load(str(checkpoint.model), precision="auto")
    asked = answers(policy, suite, on_part)
    world = {}
    for task, count in tasks.items():
        starts = [(Start(task, seed), 0) for seed in envs.seeds(envs.Split.TEST, count)]
        won = sum(one.success for one in play(policy, starts, on_episode=on_part))
        interval = wilson_interval(won, count)
        world[task] = Success(won / count, interval.low, interval.high, count)
    outcome = Outcome(
        suite_hash(),
        tuple(one.family for one in suite),
        tuple(bool(one.likeliest_is_right) for one in asked),
        tuple(one.is_right for one in asked),
        world,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(outcome))
    return outcome


def scores(outcomes: Mapping[int, Outcome], *, answered: bool = False) -> Scores:
    """The items of each seed as a contrast takes them: every item has a layout of its own."""
    return {
        seed: {
            str(number): np.array([float(right)])
            for number, right in enumerate(one.answered if answered else one.likeliest)
        }
        for seed, one in outcomes.items()
    }
