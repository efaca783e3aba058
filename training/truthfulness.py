"""Are thoughts true? What they claim, checked against what had been observed."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.rollout import MakeWorld
from agent.types import Episode
from envs.claims import check, claims_in
from envs.grid_world import GridWorld
from envs.memory import Memory


@dataclass(frozen=True, slots=True)
class Truthfulness:
    """The claims of some episodes' thoughts."""

    claims: int
    """how many could be read and checked"""
    true: int
    """how many of them held of what had been observed"""

    @property
    def share(self) -> float | None:
        """Of claims that are true; None without any."""
        return self.true / self.claims if self.claims else None


def truthfulness(episodes: Sequence[Episode], make: MakeWorld) -> Truthfulness:
    """Check every claim of every thought, by playing the episodes again.

    A thought in words of its own claims nothing that could be checked, and counts neither way. So
    do thoughts in worlds that no body senses.
    """
    thoughtful = [one for one in episodes if any(turn.thought for turn in one.turns)]
    worlds = {task: make(task) for task in {one.start.task for one in thoughtful}}
    checked = [
        held
        for episode in thoughtful
        if isinstance(world := worlds[episode.start.task], GridWorld)
        for held in _check(episode, world)
    ]
    return Truthfulness(len(checked), sum(checked))


def _check(episode: Episode, world: GridWorld) -> list[bool]:
    """Whether each claim of an episode holds, in their order."""
    world.reset(seed=episode.start.seed)
    memory = Memory()
    checked: list[bool] = []
    for turn in episode.turns:
        memory.observe(world.raw)
        claims = claims_in(world.in_plain_words(turn.thought))
        checked += [held for claim in claims if (held := check(claim, memory)) is not None]
        world.step(turn.action)
    return checked
