"""Credit for single turns: in a group, the same states recur, and what followed can be compared.

A group's advantage is the same for every turn of an episode, the good ones and the bad ones. But
its episodes start in one state and often meet in others. So a group draws a map: states, and the
turns that led from one to the next. On it a state is worth what came of it in all the episodes that
passed, whichever way they had come, and a turn is as good as the state it led to was better than
the one it left. What an episode had the luck to do later does not count for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.types import Group, ReplyStatus
from training.rewards import permute


def step_advantages(
    groups: Sequence[Group],
    rewards: NDArray[np.float64],
    discount: float = 0.95,
    slip_cost: float = 0.0,
) -> list[list[NDArray[np.float64]]]:
    """What each turn gained, in the spread of its group.

    States are compared within a group as in GiGPO (https://arxiv.org/abs/2505.10978). They are
    worth what they would be if the turns played were all there is: the certainty-equivalence
    estimate, to which batch TD(0) converges (Sutton and Barto, Reinforcement Learning, 2nd edition,
    section 6.3). GiGPO's own values, mean returns of visits, leave far more noise in a gradient
    (docs/LOG.md).

    Args:
        groups: G groups of K episodes.
        rewards: [G, K], what each episode earned at its end.
        discount: what a reward loses with each turn that it is away, 0 to 1.
        slip_cost: what a reply that cannot be read costs on its turn.

    Returns:
        [G][K][turns of the episode], 0 where all turns from a state went the same way.
    """
    return [
        _group(_Map.of(group, earned, slip_cost), discount)
        for group, earned in zip(groups, rewards, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Map:
    """The turns of a group: N in all, between S states."""

    lengths: list[int]
    """[K] turns of each episode"""
    before: NDArray[np.int64]
    """[N] the state of each turn, numbered"""
    after: NDArray[np.int64]
    """[N] the state it led to; S where it was the last"""
    earned: NDArray[np.float64]
    """[N] what it earned at once"""

    @classmethod
    def of(cls, group: Group, rewards: NDArray[np.float64], slip_cost: float) -> "_Map":
        number: dict[int, int] = {}
        for episode in group.episodes:
            for turn in episode.turns:
                number.setdefault(turn.state, len(number))
        before: list[int] = []
        after: list[int] = []
        earned: list[float] = []
        for episode, reward in zip(group.episodes, rewards, strict=True):
            states = [number[turn.state] for turn in episode.turns]
            before += states
            after += [*states[1:], len(number)]
            earned += [-slip_cost * (one.status is not ReplyStatus.OK) for one in episode.turns]
            earned[-1] += float(reward)
        lengths = [len(episode.turns) for episode in group.episodes]
        return cls(lengths, np.array(before), np.array(after), np.array(earned))


def _group(played: _Map, discount: float) -> list[NDArray[np.float64]]:
    states = int(played.before.max()) + 1
    visits = np.bincount(played.before, minlength=states)
    moves = np.zeros((states, states + 1))
    np.add.at(moves, (played.before, played.after), 1.0)
    moves = moves[:, :states] / visits[:, None]
    at_once = np.bincount(played.before, played.earned, minlength=states) / visits
    # V = at_once + discount * moves @ V. Every state leads to an end, so there is one solution.
    worth = np.append(np.linalg.solve(np.eye(states) - discount * moves, at_once), 0.0)
    gained = played.earned + discount * worth[played.after] - worth[played.before]
    gained[np.abs(gained) < 1e-9] = 0.0  # rounding of the solution
    parts = np.split(gained / (gained.std() + 1e-4), np.cumsum(played.lengths)[:-1])
    return list(parts)


def permute_steps(
    steps: list[list[NDArray[np.float64]]], seed: Sequence[int]
) -> list[list[NDArray[np.float64]]]:
    """The same credits, dealt out anew over all turns of all groups: a control."""
    dealt = permute(np.concatenate([one for group in steps for one in group]), seed)
    ends = np.cumsum([len(one) for group in steps for one in group])
    parts = iter(np.split(dealt, ends[:-1]))
    return [[next(parts) for _ in group] for group in steps]
