"""Which rows of a step are read, and what each counts for.

Where turns have credit of their own, most went hardly better or worse than others from the same
state: of the rows with an advantage, the fifth that weighs most has nine tenths of the sum of
squares (docs/LOG.md). So rows can be drawn in proportion to what they weigh, and count for so much
more: the gradient is that of all rows on average, at a fraction of the price (importance sampling,
as in https://arxiv.org/abs/1803.00942).

Shapes: R rows of a batch, N of them read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.batching import Batch
from training.config import GrpoConfig
from training.losses import token_weights


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a batch."""

    indices: Tensor
    """[N] int64, in order"""
    counts: Tensor
    """[N] float32, for how many rows each counts"""


def rows_to_read(batch: Batch, config: GrpoConfig, seed: Sequence[int]) -> Rows:
    """Those with a part in the gradient: all where a KL penalty holds every token, else those with
    any advantage, or `config.rows` drawn from them.

    Args:
        batch: of a step.
        config: GRPO's.
        seed: of the draw.
    """
    rows = torch.arange(len(batch)) if config.kl_coef else batch.taught()
    if not config.rows or config.rows >= len(rows):
        return Rows(rows, torch.ones(len(rows)))
    weights = token_weights(batch.mask, batch.episode, config.weighting, episode_tokens=1)
    sizes = (weights * batch.advantages.abs()).sum(dim=1)[rows]
    chances = in_proportion(sizes.double().numpy(), config.rows)
    chosen = torch.from_numpy(systematic(chances, np.random.default_rng(seed).random()))
    return Rows(rows[chosen], torch.from_numpy(1 / chances).float()[chosen])


def in_proportion(sizes: np.ndarray, count: int) -> np.ndarray:
    """Chances in proportion to sizes, [R] each, none above 1, that sum to `count`.

    >>> in_proportion(np.array([8.0, 1.0, 1.0]), 2)
    array([1. , 0.5, 0.5])
    """
    sure = np.zeros(len(sizes), dtype=bool)
    while True:
        rate = (count - sure.sum()) / sizes[~sure].sum()
        more = ~sure & (sizes * rate >= 1)
        if not more.any():
            return np.where(sure, 1.0, sizes * rate)
        sure |= more


def systematic(chances: np.ndarray, offset: float) -> np.ndarray:
    """Indices drawn with these chances, as many as they sum to: every whole step of their running
    sum takes one, from an offset of 0 to 1 on.

    >>> systematic(np.array([1.0, 0.5, 0.5]), 0.75), systematic(np.array([1.0, 0.5, 0.5]), 0.25)
    (array([0, 1]), array([0, 2]))
    """
    steps = np.floor(np.cumsum(chances) + offset + 1e-9)
    return np.flatnonzero(np.diff(steps, prepend=np.floor(offset)))
