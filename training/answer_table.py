"""A suite's answers as figures: by family, by perspective, and in all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.answers import Answer
from training.statistics import wilson_interval


@dataclass(frozen=True, slots=True)
class Row:
    """How many of some items were answered rightly."""

    group: str
    items: int
    chance: float
    """how many a guess would have right"""
    likelihood: float | None
    """the share whose likeliest choice is right; None for what is no mind"""
    generated: float
    """the share whose written answer is right"""
    low: float
    """of the share by likelihood, where there is one, else of the other: its 95 % interval"""
    high: float
    unreadable: float
    """the share of written answers that could not be read"""

    def __str__(self) -> str:
        by = "     -" if self.likelihood is None else f"{self.likelihood:6.1%}"
        return (
            f"{self.group:22} {self.items:5} items  likeliest {by}  written {self.generated:6.1%} "
            f"({self.low:.0%} to {self.high:.0%})  chance {self.chance:.0%}  "
            f"unreadable {self.unreadable:.0%}"
        )


def table(found: Sequence[Answer]) -> list[Row]:
    """A row for each family, each perspective, and all items."""
    groups: dict[str, list[Answer]] = {}
    for one in found:
        for name in (one.item.family, one.item.perspective.value, "all"):
            groups.setdefault(name, []).append(one)
    families = sorted({one.item.family for one in found})
    perspectives = sorted({one.item.perspective.value for one in found})
    return [_row(name, groups[name]) for name in (*families, *perspectives, "all")]


def _row(group: str, some: Sequence[Answer]) -> Row:
    judged = [one.likeliest_is_right for one in some]
    told = sum(one.is_right for one in some)
    minds = None not in judged
    likeliest = sum(map(bool, judged))
    interval = wilson_interval(likeliest if minds else told, len(some))
    return Row(
        group,
        len(some),
        float(np.mean([one.item.chance for one in some])),
        likeliest / len(some) if minds else None,
        told / len(some),
        interval.low,
        interval.high,
        sum(one.episode.unreadable for one in some) / len(some),
    )
