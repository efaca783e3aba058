"""Credit for single turns: in a group, the same state recurs, and what followed it can be compared.

A group's advantage is the same for every turn of an episode, the good ones and the bad ones. But
its episodes start in one state and often meet in others. Of all the turns that were taken in one
state, those after which the reward came soon were better than those after which it came late or
never; and a reply that cannot be read is worse than one that can, there and then.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.types import Episode, Group, ReplyStatus
from training.rewards import permute


def step_advantages(
    groups: Sequence[Group],
    rewards: NDArray[np.float64],
    discount: float = 0.95,
    slip_cost: float = 0.0,
) -> list[list[NDArray[np.float64]]]:
    """Advantages of turns against the turns of their group that were taken in the same state.

    Anchor-state grouping of GiGPO (https://arxiv.org/abs/2505.10978), with the spread of the whole
    group in place of each state's own, since many states are met only twice.

    Args:
        groups: G groups of K episodes.
        rewards: [G, K], what each episode earned at its end.
        discount: what a reward loses with each turn that it is away, 0 to 1.
        slip_cost: what a reply that cannot be read costs on its turn.

    Returns:
        [G][K][turns of the episode], 0 where a state was met once.
    """
    return [
        _group(group, earned, discount, slip_cost)
        for group, earned in zip(groups, rewards, strict=True)
    ]


def _group(
    group: Group, rewards: NDArray[np.float64], discount: float, slip_cost: float
) -> list[NDArray[np.float64]]:
    values = [
        _returns(episode, float(reward), discount, slip_cost)
        for episode, reward in zip(group.episodes, rewards, strict=True)
    ]
    met = defaultdict(list)
    for member, episode in enumerate(group.episodes):
        for number, turn in enumerate(episode.turns):
            met[turn.state].append((member, number))
    advantages = [np.zeros_like(value) for value in values]
    for places in met.values():
        mean = np.mean([values[member][number] for member, number in places])
        for member, number in places:
            advantages[member][number] = values[member][number] - mean
    spread = np.concatenate(advantages).std()
    return [advantage / (spread + 1e-4) for advantage in advantages]


def _returns(
    episode: Episode, reward: float, discount: float, slip_cost: float
) -> NDArray[np.float64]:
    """What each turn led to: its own slip, the slips to come and the reward, discounted."""
    values = np.array([-slip_cost * (turn.status is not ReplyStatus.OK) for turn in episode.turns])
    values[-1:] += reward
    for number in range(len(values) - 2, -1, -1):
        values[number] += discount * values[number + 1]
    return values


def permute_steps(
    steps: list[list[NDArray[np.float64]]], seed: Sequence[int]
) -> list[list[NDArray[np.float64]]]:
    """The same credits, dealt out anew over all turns of all groups: a control."""
    dealt = permute(np.concatenate([one for group in steps for one in group]), seed)
    ends = np.cumsum([len(one) for group in steps for one in group])
    parts = iter(np.split(dealt, ends[:-1]))
    return [[next(parts) for _ in group] for group in steps]
