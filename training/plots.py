"""Pictures of a run. Each draws one question, from plain numbers, and returns a figure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

INK, GREY, SILVER, FAINT = "#1f2937", "#6b7280", "#cbd5e1", "#e5e7eb"
TEAL, SEA, AMBER = "#0f766e", "#8cc5bd", "#d97706"

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": "#9ca3af",
    "axes.labelcolor": GREY,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titlepad": 7.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "figure.constrained_layout.use": True,
    "savefig.dpi": 160,
}

Series = Sequence[tuple[float, float]]
"""(step, value) pairs"""


@dataclass(frozen=True, slots=True)
class Rate:
    """A measured success rate to be drawn."""

    label: str
    success: float
    low: float
    high: float
    colour: str = SILVER


@contextmanager
def style() -> Iterator[None]:
    """Draw and save figures within it; the caller's own style comes back after."""
    with mpl.rc_context(STYLE):
        yield


def draw_success(
    training: Series,
    validation: Sequence[tuple[float, Rate]],
    references: Sequence[Rate],
    hard_share: float = 0.0,
) -> Figure:
    """Success over the steps of GRPO, against what does not learn.

    Args:
        training: share of sampled episodes that succeeded, at each step.
        validation: rates on held-out missions, with the step they were measured at.
        references: policies that do not change; each is a thin line across.
        hard_share: of the training missions, which makes them no match for the held-out ones.
    """
    figure = Figure(figsize=(7.2, 3.8))
    axes = figure.add_subplot()
    label = "training missions" + (f", {hard_share:.0%} of them hard" if hard_share else "")
    for rate, place in zip(references, _spread([one.success for one in references]), strict=True):
        axes.axhline(rate.success, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        _label_right(axes, place, f"{rate.label} {_percent(rate.success)}", GREY)
    axes.plot(*_columns(training), color=AMBER, linewidth=1.0, alpha=0.75, label=label)
    if validation:
        steps = [step for step, _ in validation]
        rates = [rate for _, rate in validation]
        axes.fill_between(
            steps, [r.low for r in rates], [r.high for r in rates],
            color=TEAL, alpha=0.14, linewidth=0,
        )  # fmt: skip
        axes.plot(
            steps, [r.success for r in rates],
            color=TEAL, marker="o", markersize=4, label="held-out missions, 95 % interval",
        )  # fmt: skip
    axes.set_title("Success on missions never trained on, and while training")
    axes.set_xlabel("GRPO step")
    axes.set_ylim(-0.02, 1.03)
    in_percent(axes.yaxis.set_major_formatter)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(frameon=False, loc="outside lower right", ncols=2, labelcolor=GREY)
    return figure


def draw_panels(panels: Mapping[str, Series], *, colour: str = TEAL, columns: int = 3) -> Figure:
    """Small pictures side by side, one series each, by title; each with its own scale."""
    rows = -(-len(panels) // columns)
    wide = min(len(panels), columns)
    figure = Figure(figsize=(2.5 * wide + 0.4, 1.95 * rows + 0.3))
    for place, (title, series) in enumerate(panels.items()):
        axes = figure.add_subplot(rows, wide, place + 1)
        steps, values = _columns(series)
        axes.plot(steps, values, color=colour, linewidth=0.9, alpha=0.35)
        axes.plot(steps, _smooth(values), color=colour)
        axes.set_title(title)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter("{x:g}")
        if values and min(values) >= 0:
            axes.set_ylim(bottom=0, top=max(values) * 1.1 or 1)
        if place + wide >= len(panels):
            axes.set_xlabel("step")
    return figure


def draw_scale(rates: Sequence[Rate]) -> Figure:
    """Success of each policy on the same missions, as bars with their intervals."""
    figure = Figure(figsize=(7.2, 0.42 * len(rates) + 0.9))
    axes = figure.add_subplot()
    for place, rate in enumerate(rates):
        axes.barh(place, rate.success, height=0.62, color=rate.colour)
        axes.plot([rate.low, rate.high], [place, place], color=INK, linewidth=1.2)
        axes.text(
            rate.high + 0.015, place, _percent(rate.success),
            va="center", color=GREY if rate.colour == SILVER else INK,
        )  # fmt: skip
    axes.set_yticks(range(len(rates)), [rate.label for rate in rates])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    in_percent(axes.xaxis.set_major_formatter)
    axes.grid(False)
    axes.set_title("Success on the test missions, with 95 % intervals")
    return figure


def _columns(series: Series) -> tuple[list[float], list[float]]:
    return [step for step, _ in series], [value for _, value in series]


def _smooth(values: Sequence[float], reach: int = 4) -> list[float]:
    """The mean of each value and its neighbours, up to `reach` of them on either side.

    >>> _smooth([0.0, 3.0, 6.0, 0.0], reach=1)
    [1.5, 3.0, 3.0, 3.0]
    """
    near = [values[max(0, place - reach) : place + reach + 1] for place in range(len(values))]
    return [sum(window) / len(window) for window in near]


def _spread(heights: Sequence[float], gap: float = 0.06) -> list[float]:
    """Heights for labels, moved up where they would stand on one another."""
    placed = dict.fromkeys(range(len(heights)), 0.0)
    below = float("-inf")
    for index in sorted(placed, key=heights.__getitem__):
        below = placed[index] = max(heights[index], below + gap)
    return list(placed.values())


def _label_right(axes: Axes, height: float, text: str, colour: str) -> None:
    axes.annotate(
        text, (1.01, height), xycoords=("axes fraction", "data"),
        va="center", color=colour, fontsize=8.5, annotation_clip=False,
    )  # fmt: skip


def in_percent(set_formatter: Callable[[FuncFormatter], None]) -> None:
    """Let an axis tell shares in per cent."""
    set_formatter(FuncFormatter(lambda value, _: _percent(value, 0)))


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"
