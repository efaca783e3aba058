"""An episode as a picture: a tile for each turn, with what was sensed, thought and done."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from agent.rollout import MakeWorld
from agent.types import Episode
from training.plots import AMBER, TEAL, style

COLUMNS = 3
"""Tiles in a row."""


def draw_episode(episode: Episode, make: MakeWorld, path: Path, most: int = 8) -> None:
    """Play the episode's actions again and write a picture of its first `most` turns.

    Args:
        episode: what was played.
        make: makes its world, with the render mode `rgb_array`.
    """
    world = make(episode.start.task)
    world.reset(seed=episode.start.seed)
    turns = episode.turns[:most]
    rows = -(-len(turns) // COLUMNS)
    with style():
        figure = Figure(figsize=(3.4 * COLUMNS, 5.2 * rows + 0.5))
        figure.set_layout_engine("none")
        axes = figure.subplots(rows, COLUMNS, squeeze=False).flat
        for tile in axes:
            tile.axis("off")
        figure.suptitle(
            f"Mission: {episode.mission}   ({episode.status.value}, {len(episode.turns)} turns)",
            x=0.02,
            y=0.99,
            va="top",
            ha="left",
            fontsize=14,
            fontweight="bold",
        )
        for number, (tile, turn) in enumerate(zip(figure.axes, turns, strict=False), start=1):
            tile.imshow(np.asarray(world.render()))
            tile.set_title(f"turn {number}", loc="left", fontsize=10)
            below = -0.04
            for text, colour, weight in (
                (turn.observation, "0.35", "normal"),
                (turn.thought or turn.reply, TEAL, "normal"),
                (f"> {turn.action or turn.status.value}", AMBER, "bold"),
            ):
                lines = textwrap.wrap(text, 44)
                tile.text(
                    0, below, "\n".join(lines), transform=tile.transAxes, va="top",
                    fontsize=8.5, color=colour, fontweight=weight, linespacing=1.25,
                )  # fmt: skip
                below -= 0.052 * len(lines) + 0.035
            world.step(turn.action)
        height = 5.2 * rows + 0.5
        figure.subplots_adjust(
            left=0.02, right=0.98, top=1 - 0.8 / height, bottom=1.6 / height, wspace=0.1, hspace=0.6
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)
