"""An episode as a picture: a tile for each turn, with what was sensed, thought and done."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from agent.rollout import MakeWorld
from agent.types import Episode
from envs.display import visible
from training.plots import AMBER, TEAL, style

COLUMNS = 3
"""Tiles in a row."""
SIDE, GAP, MARGIN = 3.1, 0.25, 0.2
"""Of a tile's view, in inches, as all that follows: between tiles, and around them."""
HEAD, ROW = 0.9, 5.0
"""Above the first view; from the top of a view to the top of the one below it."""
LINE, PARAGRAPH = 0.15, 0.09
"""From line to line of a tile's text, and what is added between its parts."""


def draw_episode(
    episode: Episode, make: MakeWorld, path: Path, most: int = 8, first: int = 0
) -> None:
    """Play the episode's actions again and write a picture of `most` of its turns.

    Args:
        episode: what was played.
        make: makes its world, with the render mode `rgb_array`.
        path: of the picture.
        most: turns that are shown.
        first: the turn that is shown first, counted from 0.
    """
    world = make(episode.start.task)
    world.reset(seed=episode.start.seed)
    for turn in episode.turns[:first]:
        world.step(turn.action)
    turns = episode.turns[first : first + most]
    rows = -(-len(turns) // COLUMNS)
    width = 2 * MARGIN + COLUMNS * SIDE + (COLUMNS - 1) * GAP
    height = HEAD + rows * ROW
    with style():
        figure = Figure(figsize=(width, height))
        figure.set_layout_engine("none")
        figure.text(
            MARGIN / width,
            1 - MARGIN / height,
            f"Mission: {visible(episode.mission)}   "
            f"({episode.status.value}, {len(episode.turns)} turns)",
            va="top",
            fontsize=14,
            fontweight="bold",
            parse_math=False,
        )
        for number, turn in enumerate(turns):
            left = MARGIN + number % COLUMNS * (SIDE + GAP)
            top = HEAD + number // COLUMNS * ROW
            place = left / width, 1 - (top + SIDE) / height, SIDE / width, SIDE / height
            tile = figure.add_axes(place)
            tile.axis("off")
            tile.imshow(np.asarray(world.render()))
            tile.set_title(f"turn {first + number + 1}", loc="left", fontsize=10)
            below = 2 * PARAGRAPH
            for text, colour, weight in (
                (turn.observation, "0.35", "normal"),
                (turn.thought or turn.reply, TEAL, "normal"),
                (f"> {turn.action or turn.status.value}", AMBER, "bold"),
            ):
                lines = textwrap.wrap(visible(text), 46)
                tile.text(
                    0, -below / SIDE, "\n".join(lines), transform=tile.transAxes, va="top",
                    fontsize=8.5, color=colour, fontweight=weight, linespacing=1.25,
                    parse_math=False,
                )  # fmt: skip
                below += LINE * len(lines) + PARAGRAPH
            world.step(turn.action)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)
