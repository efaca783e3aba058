"""How much better each episode went than its group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from envs.errors import unknown

Normalise = Literal["std", "none"]
NORMALISATIONS: tuple[Normalise, ...] = ("std", "none")

_NO_SPREAD = 1e-8
"""Rewards closer than this are equal: what is between them is rounding."""


@dataclass(frozen=True, slots=True)
class Advantages:
    """The advantages of G groups of K episodes."""

    values: NDArray[np.float64]
    """[G, K], 0 in groups without spread"""
    kept: NDArray[np.bool_]
    """[G], False where every episode earned the same and there is nothing to learn"""
    steps: Sequence[Sequence[NDArray[np.float64]]] | None = None
    """[G][K][turns], what each turn's own credit adds; None: nothing"""

    def of_turns(self, group: int, member: int, turns: int) -> NDArray[np.float64]:
        """The advantage of each turn of an episode."""
        whole = np.full(turns, self.values[group, member])
        return whole if self.steps is None else whole + self.steps[group][member]

    @property
    def dropped(self) -> int:
        """How many groups have no spread."""
        return int((~self.kept).sum())


def group_advantages(rewards: NDArray[np.float64], normalise: Normalise = "std") -> Advantages:
    """Group-relative advantages, as in GRPO.

    `"std"`: A = (r - mean) / (std + 1e-4), mean and std over the episode's own group and std with
    K - 1 in its denominator, exactly as TRL has it (DeepSeekMath, https://arxiv.org/abs/2402.03300).
    `"none"`: A = r - mean, without the bias toward groups of small spread (Dr. GRPO,
    https://arxiv.org/abs/2503.20783).

    Groups without spread are marked as not kept (DAPO, https://arxiv.org/abs/2503.14476).

    Args:
        rewards: [G, K], finite, K at least 2.
        normalise: whether to divide by the group's standard deviation.

    >>> group_advantages(np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]), "none")
    Advantages(values=array([[ 0.66666667, -0.33333333, -0.33333333],
           [ 0.        ,  0.        ,  0.        ]]), kept=array([ True, False]), steps=None)
    """
    if rewards.ndim != 2:
        raise ValueError(f"rewards are [G, K], groups by episodes; got shape {rewards.shape}.")
    if rewards.shape[1] < 2:
        raise ValueError(
            f"a group of {rewards.shape[1]} has nothing to be compared with: set group_size to 2 "
            "or more."
        )
    if normalise not in NORMALISATIONS:
        raise unknown("normalisation", normalise, NORMALISATIONS)
    if not np.isfinite(rewards).all():
        raise ValueError("a reward is not finite: the world or the reward settings are at fault.")
    kept = np.ptp(rewards, axis=1) > _NO_SPREAD
    values = rewards - rewards.mean(axis=1, keepdims=True)
    if normalise == "std":
        values = values / (rewards.std(axis=1, ddof=1, keepdims=True) + 1e-4)
    return Advantages(values=np.where(kept[:, None], values, 0.0), kept=kept)
