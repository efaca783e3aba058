"""Far transfer: which tasks of reasoning-gym a mind neither fails at nor has solved already.

A task on which the common cold start is at chance, or nearly perfect, cannot show which arm is
better. So tasks are screened on it, on validation seeds, before any arm is asked.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import envs
from agent.policies import Policy
from agent.rollout import play
from agent.types import Start
from envs.questions.reasoning_gym_world import PREFIX, ReasoningGymWorld
from training.study.gates import ABOVE_CHANCE, AT_MOST


@dataclass(frozen=True, slots=True)
class Screened:
    """How a mind did on a task."""

    task: str
    success: float
    chance: float
    """how often the commonest answer is right"""
    items: int

    @property
    def kept(self) -> bool:
        """Whether the task can show a difference."""
        return self.chance + ABOVE_CHANCE <= self.success <= AT_MOST


def fitting(names: Sequence[str], characters: int) -> list[str]:
    """Those of reasoning-gym's tasks that draw questions no longer than this, judged by five.

    Raises:
        ValueError: for a name that is none of its tasks, and if reasoning-gym is not installed.
    """
    found = []
    for name in names:
        world = ReasoningGymWorld(name)
        seeds = envs.seeds(envs.Split.VALIDATION, 5)
        if max(len(world.reset(seed=seed)[0]) for seed in seeds) <= characters:
            found.append(name)
    return found


def screen(
    policy: Policy,
    names: Sequence[str],
    items: int,
    on_task: Callable[[Screened], object] = lambda _: None,
) -> list[Screened]:
    """Ask a mind the same number of validation questions of each task.

    Args:
        policy: who is asked.
        names: of reasoning-gym's tasks.
        items: of each.
        on_task: told of each task when it is done.
    """
    found = []
    for name in names:
        starts = [Start(PREFIX + name, seed) for seed in envs.seeds("validation", items)]
        episodes = play(policy, [(start, 0) for start in starts])
        answers = Counter(_solutions(name, [start.seed for start in starts]))
        found.append(
            Screened(
                name,
                sum(one.success for one in episodes) / items,
                answers.most_common(1)[0][1] / items,
                items,
            )
        )
        on_task(found[-1])
    return found


def _solutions(name: str, seeds: Sequence[int]) -> Iterator[str]:
    world = ReasoningGymWorld(name)
    for seed in seeds:
        world.reset(seed=seed)
        yield world.solution
