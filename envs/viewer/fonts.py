"""Fonts that are always there, and text cut to fit."""

import logging
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pygame

from envs.viewer.palette import Colour

logger = logging.getLogger(__name__)

FILES = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}
"""Free fonts that matplotlib brings along; a letter that they lack is a visible box."""


@lru_cache
def font(size: int, bold: bool = False) -> pygame.font.Font:
    """DejaVu Sans at a height in pixels; pygame's own font where it cannot be found."""
    pygame.font.init()
    found = find_spec("matplotlib")
    if found and found.origin:
        file = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / FILES[bold]
        if file.is_file():
            return pygame.font.Font(str(file), size)
    logger.warning("the font %s is not there: pygame's own is taken", FILES[bold])
    return pygame.font.Font(None, size + size // 3)


@lru_cache(4096)
def render(text: str, size: int, colour: Colour, bold: bool = False) -> pygame.Surface:
    """A line of text as a picture."""
    return font(size, bold).render(text, True, colour)


@lru_cache(8192)
def width(text: str, size: int, bold: bool = False) -> int:
    """Of a line, in pixels."""
    return int(font(size, bold).size(text)[0])


def line_height(size: int) -> int:
    """From line to line, in pixels."""
    return round(size * 1.4)


def ellipsis(text: str, size: int, room: int, bold: bool = False) -> str:
    """A line cut to a width, with an ellipsis where something is missing."""
    if width(text, size, bold) <= room:
        return text
    fits, over = 0, len(text)
    while over - fits > 1:
        middle = (fits + over) // 2
        if width(text[:middle].rstrip() + "…", size, bold) <= room:
            fits = middle
        else:
            over = middle
    return text[:fits].rstrip() + "…"


Span = tuple[str, int]
"""A piece of text, and the number of what it belongs to."""


def wrap(texts: Sequence[str], size: int, room: int, bold: bool = False) -> list[list[Span]]:
    """Pieces of one running text in lines of a width, each piece with its number.

    Lines break at blanks; a word that is wider than a line breaks anywhere.
    """
    lines: list[list[Span]] = [[]]
    used = 0
    for word in _words(texts):
        wide = sum(width(text, size, bold) for text, _ in word)
        if used and used + wide > room:
            lines.append([])
            used = 0
            (first, number), *others = word
            word = [(first.lstrip(), number), *others]
        for text, number in word:
            for part in [text] if width(text, size, bold) <= room else text:
                wide = width(part, size, bold)
                if used and used + wide > room:
                    lines.append([])
                    used = 0
                lines[-1].append((part, number))
                used += wide
    return lines


def _words(texts: Sequence[str]) -> list[list[Span]]:
    """The pieces cut at blanks and put together to words, each with the blank before it."""
    words: list[list[Span]] = []
    for number, text in enumerate(texts):
        start = 0
        for end in range(1, len(text) + 1):
            if end == len(text) or text[end] == " ":
                part = text[start:end]
                if part.startswith(" ") or not words:
                    words.append([(part, number)])
                else:
                    words[-1].append((part, number))
                start = end
    return words
