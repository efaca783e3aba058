"""Pictures of a benchmark: success of every policy on every trial, with its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.plots import AMBER, FAINT, GREY, INK, SILVER, TEAL, Rate, in_percent

COLOURS = (TEAL, AMBER, "#4f46e5", "#be185d", "#0284c7", "#65a30d", "#7c2d12")
"""Of language models, in their order; they can be told apart by the colour-blind, and by place."""
MARKERS = "osD^vPX"
"""Of policies that share a row, in their order."""
REFERENCE = GREY
"""Colour of what does not learn."""


@dataclass(frozen=True, slots=True)
class Line:
    """A policy to be drawn."""

    label: str
    colour: str
    rates: Mapping[str, Rate]
    """by panel; where there is none, nothing is drawn"""


def draw_panels_of(panels: Sequence[str], lines: Sequence[Line]) -> Figure:
    """One panel a trial, side by side, and in each a dot with its interval for every policy."""
    figure = Figure(figsize=(1.45 * len(panels) + 2.4, 0.27 * len(lines) + 1.0))
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, panel in zip(every, panels, strict=True):
        for place, line in enumerate(lines):
            _dot(axes, line.rates.get(panel), place, line.colour)
        axes.set_title(panel)
        _as_share(axes)
    every[0].set_yticks(range(len(lines)), [line.label for line in lines])
    every[0].tick_params(axis="y", labelcolor=INK)
    every[0].set_ylim(len(lines) - 0.4, -0.6)
    return figure


def draw_by_trial(trials: Sequence[str], lines: Sequence[Line]) -> Figure:
    """One row a trial, and in each a dot with its interval for every policy, below one another."""
    most = max(sum(trial in line.rates for line in lines) for trial in trials)
    figure = Figure(figsize=(7.2, (0.16 * most + 0.22) * len(trials) + 0.19 * len(lines) + 0.8))
    axes = figure.add_subplot()
    step = 0.8 / most
    markers = {line.label: MARKERS[place % len(MARKERS)] for place, line in enumerate(lines)}
    unnamed = set(markers)
    for row, trial in enumerate(trials):
        if row:
            axes.axhline(row - 0.5, color=FAINT, linewidth=0.8)
        here = [line for line in lines if trial in line.rates]
        for place, line in enumerate(here):
            height = row + step * (place - (len(here) - 1) / 2)
            name = line.label if line.label in unnamed else ""
            unnamed.discard(line.label)
            _dot(axes, line.rates[trial], height, line.colour, markers[line.label], name)
    axes.set_yticks(range(len(trials)), list(trials))
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(len(trials) - 0.45, -0.55)
    axes.set_title("Success, with 95 % intervals")
    _as_share(axes)
    figure.legend(frameon=False, loc="outside lower left", labelcolor=GREY)
    return figure


def _dot(
    axes: Axes, rate: Rate | None, height: float, colour: str, marker: str = "o", label: str = ""
) -> None:
    if rate is None:
        return
    axes.plot([rate.low, rate.high], [height, height], color=colour, linewidth=1.4, alpha=0.6)
    axes.plot(
        rate.success, height, marker, color=colour, markersize=4.5, linestyle="", clip_on=False,
        label=label or None,
    )  # fmt: skip


def _as_share(axes: Axes) -> None:
    axes.set_xlim(-0.04, 1.04)
    axes.set_xticks([0, 0.5, 1])
    in_percent(axes.xaxis.set_major_formatter)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.axvline(0, color=SILVER, linewidth=0.8, zorder=0)
