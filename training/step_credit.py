"""Credit for single turns: in a group, the same states recur, and what followed can be compared.

A group's advantage is the same for every turn of an episode, the good ones and the bad ones. But
its episodes start in one state and often meet in others. So a group draws a map: states, and the
turns that led from one to the next. On it a state is worth what came of it in all the episodes that
passed, whichever way they had come, and a turn is as good as the state it led to was better than
the one it left. What an episode had the luck to do later does not count for it.
"""

from collections.abc import Sequence

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
    """What each turn gained, in the spread over all turns of all groups.

    States are compared within a group as in GiGPO (https://arxiv.org/abs/2505.10978). They are
    worth what they would be if the turns played were all there is: the certainty-equivalence
    estimate, to which batch TD(0) converges (Sutton and Barto, Reinforcement Learning, 2nd edition,
    section 6.3). GiGPO's own values, mean returns of visits, leave far more noise in a gradient
    (docs/LOG.md).

    One scale for all groups: in that of its own, a group in which all succeed, some a turn sooner
    than others, would teach as loudly as one that was won and lost.

    Args:
        groups: G groups of K episodes.
        rewards: [G, K], what each episode earned at its end.
        discount: what a reward loses with each turn that it is away, 0 to 1.
        slip_cost: what a reply that cannot be read costs on its turn.

    Returns:
        [G][K][turns of the episode], 0 where all turns from a state went the same way.
    """
    gained = [
        _gains(group, earned, discount, slip_cost)
        for group, earned in zip(groups, rewards, strict=True)
    ]
    spread = np.concatenate([turns for group in gained for turns in group]).std() + 1e-4
    return [[turns / spread for turns in group] for group in gained]


def _gains(
    group: Group, rewards: NDArray[np.float64], discount: float, slip_cost: float
) -> list[NDArray[np.float64]]:
    """One group's: N turns in all, between S states."""
    turns = [turn for episode in group.episodes for turn in episode.turns]
    ends = np.cumsum([len(episode.turns) for episode in group.episodes])
    slipped = np.array([turn.status is not ReplyStatus.OK for turn in turns])
    earned = -slip_cost * slipped.astype(np.float64)
    earned[ends - 1] += rewards

    met, before = np.unique([turn.state for turn in turns], return_inverse=True)
    states = len(met)
    after = np.append(before[1:], states)
    after[ends - 1] = states  # beyond the last turn of an episode lies the end

    visits = np.bincount(before)
    moves = np.zeros((states, states + 1))
    np.add.at(moves, (before, after), 1.0)
    moves = moves[:, :states] / visits[:, None]
    at_once = np.bincount(before, earned) / visits
    # V = at_once + discount * moves @ V. Every state leads to an end, so there is one solution.
    worth = np.append(np.linalg.solve(np.eye(states) - discount * moves, at_once), 0.0)
    gained = earned + discount * worth[after] - worth[before]
    gained[np.abs(gained) < 1e-9] = 0.0  # rounding of the solution
    return np.split(gained, ends[:-1])


def permute_steps(
    steps: list[list[NDArray[np.float64]]], seed: Sequence[int]
) -> list[list[NDArray[np.float64]]]:
    """The same credits, dealt out anew over all turns of all groups: a control."""
    dealt = permute(np.concatenate([one for group in steps for one in group]), seed)
    ends = np.cumsum([len(one) for group in steps for one in group])
    parts = iter(np.split(dealt, ends[:-1]))
    return [[next(parts) for _ in group] for group in steps]
