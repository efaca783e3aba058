"""What a run measures on its test missions: the ends of the scale, and its mind as it stands."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from agent.policies import ExpertPolicy, Policy, RandomPolicy, ReactivePolicy
from agent.rollout import MakeWorld
from agent.types import Episode
from envs.grid_world import GridWorld
from envs.tasks import Split
from training.config import TrainConfig
from training.evaluation import evaluate
from training.run_dir import EVALUATION, RunDir, read_evaluation, write_json
from training.starts import fixed_starts


class Measuring:
    """The same missions for all that is measured; what is kept is not measured again."""

    def __init__(self, config: TrainConfig, run: RunDir, make: MakeWorld) -> None:
        self.config = config
        self.run = run
        self.make = make
        self.starts = fixed_starts(config, Split.TEST, config.evaluation.missions)
        self.kept = read_evaluation(run.folder)
        self.began, self.spent = time.monotonic(), self.kept.get("seconds", 0.0)
        self.expert: list[Episode] = []

    def references(self) -> None:
        """The ends of the scale; the expert always, since lengths are compared with its own."""
        try:
            figures, self.expert = self.play("expert policy", ExpertPolicy())
            self.keep({"expert": figures})
        except ValueError as error:
            self.run.note(f"there is no expert to compare with: {error}")
        grid = isinstance(self.make(self.config.task), GridWorld)
        policies: tuple[Policy, ...] = (*([ReactivePolicy()] if grid else []), RandomPolicy())
        for policy in policies:
            if policy.name not in self.kept:
                figures, _ = self.play(f"{policy.name} policy", policy)
                self.keep({policy.name: figures})

    def mind(self, name: str, policies: Mapping[str, Policy]) -> None:
        """The mind as it stands, in each way of drawing its replies."""
        label = name.replace("_", " ")
        figures = {how: self.play(f"{label}, {how}", one)[0] for how, one in policies.items()}
        self.keep({name: figures})

    def play(self, label: str, policy: Policy) -> tuple[dict[str, Any], list[Episode]]:
        """Figures and episodes of a policy on the test missions."""
        measured, episodes = evaluate(
            policy,
            self.starts,
            self.make,
            seats=self.config.learner.seats,
            expert=self.expert,
            on_episode=self.run.counting(f"measuring the {label}", len(self.starts)),
        )
        return asdict(measured), episodes

    def keep(self, figures: Mapping[str, Any]) -> None:
        """Note what was measured, so that a resumed run need not measure it again."""
        spent = self.spent + time.monotonic() - self.began
        self.kept |= {**figures, "seconds": spent}
        write_json(self.run.folder / EVALUATION, self.kept)
