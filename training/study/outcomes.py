"""What an arm's mind can do, measured on one checkpoint and kept beside its run.

The primary outcome is the fixed suite of questions; the world itself is the second.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np

import envs
from agent.loading import load
from agent.policies import Policy
from agent.rollout import play
from agent.types import Start
from envs.questions import Item
from envs.questions.suite import suite_hash
from envs.text_world import TextWorld
from training.answers import answers
from training.benchmark.protocols import Trial
from training.checkpoints import Checkpoint
from training.run_dir import write_json
from training.statistics import wilson_interval
from training.study.contrasts import Scores

LISTS = ("families", "perspectives", "likeliest", "answered")
"""What is kept of each item."""


@dataclass(frozen=True, slots=True)
class Success:
    """How often missions were done."""

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
    perspectives: tuple[str, ...]
    """from which each item is told"""
    likeliest: tuple[bool, ...]
    """of each item, whether the choice that is likeliest is right"""
    answered: tuple[bool, ...]
    """of each item, whether what was answered is right"""
    world: Mapping[str, Success]
    """trial -> how often it was done, on test missions"""

    @property
    def accuracy(self) -> float:
        """The share of items whose likeliest choice is right."""
        return float(np.mean(self.likeliest))

    def by_family(self) -> dict[str, float]:
        """The same for each family."""
        return _shares(self.likeliest, self.families)

    def by_perspective(self) -> dict[str, float]:
        """The same for each perspective."""
        return _shares(self.likeliest, self.perspectives)

    def secondary(self) -> dict[str, float]:
        """All but the primary outcome, by name."""
        return {
            "answered": float(np.mean(self.answered)),
            **self.by_family(),
            **self.by_perspective(),
            **{name: each.success for name, each in self.world.items()},
        }

    @classmethod
    def read(cls, path: Path) -> Self:
        """What was kept; ValueError where it cannot be read."""
        try:
            told: dict[str, Any] = json.loads(path.read_text("utf-8"))
            world = {name: Success(**one) for name, one in told["world"].items()}
            lists = {name: tuple(told[name]) for name in LISTS}
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
    plan: Sequence[tuple[Trial, int]],
    on_measure: Callable[[Checkpoint], object] = lambda _: None,
) -> Outcome:
    """The outcome of a checkpoint: as it was kept, with what is missing of it measured now.

    Args:
        run: the run folder.
        checkpoint: of that run.
        suite: the questions.
        plan: trials in the world, each with how many of its test missions are played.
        on_measure: told of the checkpoint, if something is missing.

    Raises:
        ValueError: if what was kept is of another suite: nothing is thrown away.
    """
    path = outcome_path(run, checkpoint)
    outcome = Outcome.read(path) if path.exists() else None
    if outcome is not None and outcome.suite != suite_hash():
        raise ValueError(
            f"{path} was measured on another suite ({outcome.suite[:12]} and not "
            f"{suite_hash()[:12]}): move it away, and it is measured anew"
        )
    kept = outcome.world if outcome else {}
    missing = [
        (trial, count)
        for trial, count in plan
        if trial.name not in kept or kept[trial.name].episodes < count
    ]
    if outcome is not None and not missing:
        return outcome
    on_measure(checkpoint)
    policy = load(str(checkpoint.model), precision="auto")
    if outcome is None:
        outcome = _asked(policy, suite)
        _keep(outcome, path)
    for trial, count in missing:
        starts = [(Start(trial.task, seed), 0) for seed in envs.seeds(envs.Split.TEST, count)]
        played = play(policy, starts, make=partial(_make, trial))
        won = sum(one.success for one in played)
        interval = wilson_interval(won, count)
        success = Success(won / count, interval.low, interval.high, count)
        outcome = replace(outcome, world={**outcome.world, trial.name: success})
        _keep(outcome, path)
    return outcome


def _asked(policy: Policy, suite: Sequence[Item]) -> Outcome:
    """What a mind makes of the suite."""
    asked = answers(policy, suite)
    return Outcome(
        suite_hash(),
        tuple(one.family for one in suite),
        tuple(one.perspective.value for one in suite),
        tuple(bool(one.likeliest_is_right) for one in asked),
        tuple(one.is_right for one in asked),
        {},
    )


def _make(trial: Trial, _: str) -> TextWorld:
    return trial.make()


def _keep(outcome: Outcome, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(outcome))


def _shares(hits: Sequence[bool], kinds: Sequence[str]) -> dict[str, float]:
    """Kind -> the share of its items that are hits."""
    found = np.array(hits)
    return {
        kind: float(found[[one == kind for one in kinds]].mean()) for kind in dict.fromkeys(kinds)
    }


def scores(outcomes: Mapping[int, Outcome], *, answered: bool = False) -> Scores:
    """The items of each seed as a contrast takes them: every item has a layout of its own."""
    return {
        seed: {
            str(number): np.array([float(right)])
            for number, right in enumerate(one.answered if answered else one.likeliest)
        }
        for seed, one in outcomes.items()
    }
