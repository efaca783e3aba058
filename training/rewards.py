"""What an episode earns: the world's word on success, and a little for being readable."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.types import Episode, Group


def score(
    groups: Sequence[Group], *, length_shade: float = 0.0, format_coef: float = 0.2
) -> NDArray[np.float64]:
    """The reward of every episode, [G, K] for G groups of K episodes.

    Args:
        groups: what was played.
        length_shade: how much of a success is lost by the turn limit, 0 to 1. At 0.5 a success
            on the last turn earns half of one on the spot.
        format_coef: what an episode earns on top for the share of its replies that was readable.
    """
    if not 0.0 <= length_shade <= 1.0:
        raise ValueError(f"length_shade is a share, 0 to 1; got {length_shade}.")
    if format_coef < 0.0:
        raise ValueError(f"format_coef is a reward, 0 or more; got {format_coef}.")
    sizes = {len(group.episodes) for group in groups}
    assert len(sizes) <= 1, f"groups of different sizes: {sorted(sizes)}"
    return np.array(
        [
            [_reward(episode, length_shade, format_coef) for episode in group.episodes]
            for group in groups
        ],
        dtype=np.float64,
    )


def _reward(episode: Episode, length_shade: float, format_coef: float) -> float:
    turns = len(episode.turns)
    success = 1.0 - length_shade * turns / episode.turn_limit if episode.success else 0.0
    return success + format_coef * (turns - episode.unreadable) / max(turns, 1)


def permute(values: NDArray[np.float64], seed: int | Sequence[int]) -> NDArray[np.float64]:
    """The same values, dealt out anew over all their places.

    For the control that earns nothing: as much reward and as much spread, but what an episode gets
    is another one's.
    """
    return np.random.default_rng(seed).permutation(values.ravel()).reshape(values.shape)
