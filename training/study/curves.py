"""How fast arms learn: success while they learn, against what it had cost by then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from training.ledger import Ledger
from training.plots import AMBER, GREY, SEA, TEAL
from training.run_dir import read_metrics

COLOURS = {"grounded": TEAL, "text-rl": AMBER, "no-think": SEA}


@dataclass(frozen=True, slots=True)
class Point:
    """A validation of an arm that learns from reward, on its own task."""

    tokens: int
    """learned from by then"""
    flops: float
    success: float


def curve(run: Path, weights: int) -> list[Point]:
    """The validations of a run, and what it had spent when each was made."""
    lines = read_metrics(run)
    points = []
    for place, line in enumerate(lines):
        if line["stage"] == "validation":
            spent = Ledger.of([one for one in lines[:place] if one["stage"] == "grpo"], weights)
            points.append(Point(spent.tokens_trained, spent.flops, line["success"]))
    return points


def draw_curves(curves: Mapping[str, Sequence[Sequence[Point]]]) -> Figure:
    """Success against tokens and against FLOPs; a line a seed.

    Args:
        curves: arm -> the curve of each seed.
    """
    figure = Figure(figsize=(8.0, 3.0))
    by_tokens, by_flops = figure.subplots(1, 2, sharey=True)
    for arm, seeds in curves.items():
        colour, label = COLOURS.get(arm, GREY), arm
        for points in seeds:
            success = [point.success for point in points]
            by_tokens.plot(
                [p.tokens for p in points], success, "o-", markersize=3, color=colour, label=label
            )
            by_flops.plot([p.flops for p in points], success, "o-", markersize=3, color=colour)
            label = ""
    by_tokens.set_title("Success on its own task, while it learns")
    by_tokens.set_xlabel("tokens learned from")
    by_flops.set_xlabel("floating-point operations")
    by_tokens.set_ylim(0, 1)
    by_tokens.yaxis.set_major_formatter(PercentFormatter(1.0))
    if curves:
        by_tokens.legend(frameon=False, labelcolor=GREY)
    return figure
