"""Which checkpoints of two arms have cost the same, so that they may be compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.checkpoints import Checkpoint, whole_checkpoints
from training.ledger import Ledger, apart
from training.run_dir import read_metrics

WITHIN = 0.02
"""How far two costs may lie apart and count as equal, as a share of the larger."""


@dataclass(frozen=True, slots=True)
class Costed:
    """A checkpoint, and what its run had cost by then, the common cold start left out."""

    checkpoint: Checkpoint
    spent: Ledger


def costed(run: Path, weights: int) -> list[Costed]:
    """Every checkpoint of a run with its costs, the oldest first."""
    lines = read_metrics(run)
    found = []
    for checkpoint in whole_checkpoints(run / "checkpoints"):
        until = [
            line
            for line in lines
            if line["stage"] == checkpoint.stage and line["step"] < checkpoint.step
        ]
        found.append(Costed(checkpoint, Ledger.of(until, weights)))
    return found[::-1]


def match(
    one: Sequence[float], other: Sequence[float], within: float = WITHIN
) -> tuple[int, int] | None:
    """The dearest pair of places whose costs are equal; None where none are.

    >>> match([10, 20, 30], [15, 29.9, 45])
    (2, 1)
    >>> match([10.0], [20.0]) is None
    True
    """
    pairs = [
        (min(mine, theirs), -apart(mine, theirs), place, against)
        for place, mine in enumerate(one)
        for against, theirs in enumerate(other)
        if mine > 0 and theirs > 0 and apart(mine, theirs) <= within
    ]
    if not pairs:
        return None
    _, _, place, against = max(pairs)
    return place, against
