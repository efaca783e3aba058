"""What a study has shown so far: every arm measured, and compared with those it is held against."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from envs.questions import Item
from envs.questions.suite import suite_hash
from training.benchmark.protocols import Trial
from training.checkpoints import Checkpoint, newest_checkpoint
from training.config import TrainConfig
from training.ledger import Ledger, ledger
from training.run_dir import read_evaluation
from training.study.arms import Place
from training.study.comparing import PRIMARY, Compared, Matching, compare
from training.study.contrasts import holm
from training.study.curves import Point, curve
from training.study.gates import Gate, gates
from training.study.jobs import Job, State
from training.study.outcomes import Outcome, measured
from training.study.secondary import Secondary, secondary

MATCHINGS: tuple[Matching, ...] = ("tokens", "FLOPs")


@dataclass(frozen=True, slots=True)
class Results:
    """What a study has shown so far."""

    seeds: tuple[int, ...]
    task: str
    """that `grounded` is trained on"""
    suite: str
    """the hash of the questions' file"""
    items: int
    chance: float
    states: Mapping[str, State]
    """of every run, by its name"""
    outcomes: Mapping[str, Mapping[int, Outcome]]
    """arm -> seed -> at the end of its run"""
    ledgers: Mapping[str, Mapping[int, Ledger]]
    curves: Mapping[str, Sequence[Sequence[Point]]]
    """arm -> of each seed, its validations; of arms that learn from reward"""
    compared: tuple[Compared, ...]
    holm: tuple[float, ...] = field(default=())
    """adjusted p of those of `compared` that could be, in their order"""
    secondary: tuple[Secondary, ...] = ()
    gates: tuple[Gate, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it, less the answers to single items."""
        outcomes = {
            arm: {
                seed: {
                    "accuracy": one.accuracy,
                    "answered": float(np.mean(one.answered)),
                    "families": one.by_family(),
                    "perspectives": one.by_perspective(),
                    "world": {name: asdict(each) for name, each in one.world.items()},
                }
                for seed, one in of_seed.items()
            }
            for arm, of_seed in self.outcomes.items()
        }
        ledgers = {
            arm: {seed: asdict(one) | {"flops": one.flops} for seed, one in of_seed.items()}
            for arm, of_seed in self.ledgers.items()
        }
        return {
            "seeds": self.seeds,
            "task": self.task,
            "suite": self.suite,
            "items": self.items,
            "chance": self.chance,
            "states": self.states,
            "gates": [asdict(one) for one in self.gates],
            "contrasts": [asdict(one) for one in self.compared],
            "holm": self.holm,
            "secondary": [asdict(one) for one in self.secondary],
            "outcomes": outcomes,
            "ledgers": ledgers,
        }


def results(
    every: Sequence[Job],
    states: Mapping[str, State],
    base: TrainConfig,
    suite: Sequence[Item],
    plan: Sequence[tuple[Trial, int]],
    *,
    unequal: bool = False,
    on_measure: Callable[[Checkpoint], object] = lambda _: None,
) -> Results:
    """Measure and compare what is done.

    Args:
        every: the jobs.
        states: how they stand.
        base: what the arms are made from.
        suite: the questions.
        plan: trials in the world, each with how many of its test missions are played.
        unequal: compare arms whose costs differ, too.
        on_measure: told of each checkpoint before it is measured.
    """
    place = every[0].place
    seeds = tuple(dict.fromkeys(job.seed for job in every))
    outcomes: dict[str, dict[int, Outcome]] = {}
    ledgers: dict[str, dict[int, Ledger]] = {}
    curves: dict[str, list[list[Point]]] = {}
    for job in every:
        saved = newest_checkpoint(job.folder / "checkpoints")
        if states[job.folder.name] is not State.DONE or saved is None:
            continue
        outcome = measured(job.folder, saved, suite, plan, on_measure)
        outcomes.setdefault(job.arm.name, {})[job.seed] = outcome
        spent = ledgers.setdefault(job.arm.name, {})[job.seed] = ledger(job.folder)
        if validations := curve(job.folder, spent.weights):
            curves.setdefault(job.arm.name, []).append(validations)
    compared = tuple(
        compare(
            place,
            seeds,
            arms,
            matched,
            ledgers[arms[0]][seeds[0]].weights,
            suite,
            unequal=unequal,
            on_measure=on_measure,
        )
        for arms in PRIMARY
        if all(len(outcomes.get(arm, {})) == len(seeds) for arm in arms)
        for matched in MATCHINGS
    )
    chance = float(np.mean([one.chance for one in suite]))
    at_the_end = {arm: list(of_seed.values()) for arm, of_seed in outcomes.items()}
    return Results(
        seeds,
        base.task,
        suite_hash(),
        len(suite),
        chance,
        states,
        outcomes,
        ledgers,
        curves,
        compared,
        tuple(holm([one.contrast.p for one in compared if one.contrast])),
        secondary(outcomes),
        tuple(gates(at_the_end, chance, _own_questions(place, seeds))),
    )


def _own_questions(place: Place, seeds: Sequence[int]) -> dict[str, float]:
    """How often `text-rl` was right on the questions it learned from, before and after."""
    told = [read_evaluation(place.run("text-rl", seed)) for seed in seeds]
    if not all("grpo" in one and "cold_start" in one for one in told):
        return {}
    return {
        when: float(np.mean([one[stage]["sampled"]["success"] for one in told]))
        for when, stage in (("before", "cold_start"), ("after", "grpo"))
    }


def hypotheses(folder: Path) -> str:
    """What was expected, as it was written beforehand; empty where nothing was."""
    path = folder / "hypotheses.md"
    return path.read_text("utf-8") if path.exists() else ""
