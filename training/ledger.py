"""What a run cost, stage by stage, so that arms can be compared at equal tokens or equal FLOPs.

A forward pass takes two floating-point operations for each weight and token, a forward and backward
pass six (https://arxiv.org/abs/2001.08361): 2N for each token that is read or sampled, 6N for each
that is learned from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from agent.models import load_model
from training.checkpoints import newest_checkpoint
from training.run_dir import read_metrics

LEARNING = ("cold_start", "cold_plus", "grpo", "yoked")
"""Stages that are paid for; measuring is not."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was spent."""

    weights: int = 0
    """N, of the model"""
    updates: int = 0
    """steps of the optimizer"""
    transitions: int = 0
    """turns that were played for learning"""
    tokens_read: int = 0
    tokens_sampled: int = 0
    tokens_trained: int = 0
    """in forward and backward passes, read and sampled ones alike"""
    seconds: float = 0.0

    @property
    def flops(self) -> float:
        """Floating-point operations."""
        read = self.tokens_read + self.tokens_sampled
        return 2.0 * self.weights * read + 6.0 * self.weights * self.tokens_trained

    @classmethod
    def of(cls, lines: Iterable[Mapping[str, Any]], weights: int) -> Self:
        """What logged steps cost."""
        lines = [line for line in lines if line["stage"] in LEARNING]

        def total(name: str) -> float:
            return sum(line.get(name, 0) for line in lines)

        return cls(
            weights,
            sum("loss" in line and not line.get("skipped") for line in lines),
            int(total("world_steps")),
            int(total("tokens_read")),
            int(total("tokens_sampled")),
            int(total("tokens_trained")),
            total("seconds"),
        )


def ledger(run: Path) -> Ledger:
    """What a run has cost up to now.

    Raises:
        ValueError: if it has no checkpoint yet.
    """
    saved = newest_checkpoint(run / "checkpoints")
    if saved is None:
        raise ValueError(f"the run in {run} has no checkpoint yet: its model cannot be counted")
    model = load_model(saved.model).model
    return Ledger.of(read_metrics(run), sum(one.numel() for one in model.parameters()))


def apart(one: float, other: float) -> float:
    """By how much two amounts differ, as a share of the larger.

    >>> apart(98, 100), apart(0, 0)
    (0.02, 0.0)
    """
    return abs(one - other) / max(one, other, 1)
