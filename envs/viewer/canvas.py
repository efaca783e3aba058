"""What every part of the picture is drawn with: sizes, lines of text, cards, places to click."""

from dataclasses import dataclass

import pygame
from pygame import Rect, Surface

from envs.display import visible
from envs.viewer.fonts import ellipsis, render, width
from envs.viewer.palette import CARD, EDGE, INK, Colour

DESIGN = 1150, 720
"""The size at which the scale is 1."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a click means something."""

    rect: Rect
    command: str
    turn: int = 0
    """of a tick on the timeline"""
    panel: int | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes in pixels for a surface."""

    factor: float

    @classmethod
    def of(cls, size: tuple[int, int]) -> "Scale":
        """Everything grows with the window, within reason."""
        return cls(min(max(min(size[0] / DESIGN[0], size[1] / DESIGN[1]), 0.8), 4.0))

    def __call__(self, pixels: float) -> int:
        """So many pixels at a scale of 1, here."""
        return max(1, round(pixels * self.factor))


def draw_text(
    surface: Surface,
    at: tuple[int, int],
    text: str,
    size: int,
    colour: Colour = INK,
    room: int | None = None,
    bold: bool = False,
) -> int:
    """A line of text, cut to `room`; returns how wide it is."""
    text = visible(text)
    text = text if room is None else ellipsis(text, size, room, bold)
    surface.blit(render(text, size, colour, bold), at)
    return width(text, size, bold)


def draw_card(surface: Surface, box: Rect, scale: Scale) -> None:
    """A card that lies above what is there."""
    pygame.draw.rect(surface, CARD, box, border_radius=scale(10))
    pygame.draw.rect(surface, EDGE, box, width=scale(1), border_radius=scale(10))
