"""What lies above the panels for a while: help, a line that is typed, a text that is read."""

from pygame import Rect, Surface

from envs.display import MOST, visible
from envs.viewer.canvas import Hit, Scale, draw_card, draw_text
from envs.viewer.fonts import line_height, width, wrap
from envs.viewer.palette import BODY, FAINT, INK, SAND, SMALL, SOFT
from envs.viewer.scene import Reading, Typing

HELP = (
    ("space", "pause and go on"),
    ("→  ←", "one turn on, one turn back"),
    ("home  end", "the first turn, the newest one"),
    ("↑  ↓", "faster, slower"),
    ("n  r", "next episode, the same again"),
    ("t", "take over, and hand back"),
    ("e", "edit the thought before the action is sampled"),
    ("tab", "of two, the other one: it is the one for t, e and f"),
    ("f", "the whole text of this turn"),
    ("b", "hide the world: see what the model sees"),
    ("p  v", "save a picture, start and stop recording"),
    ("q", "leave"),
    ("ctrl", "with any of these keys: also while you type"),
    ("mouse", "drag along the turns; the wheel turns back and on"),
)


def draw_help(surface: Surface, scale: Scale) -> list[Hit]:
    """What the keys do; a click closes it."""
    size = scale(BODY)
    keys = max(width(one, size, True) for one, _ in HELP)
    wide = keys + max(width(what, size) for _, what in HELP) + scale(68)
    box = Rect(0, 0, wide, len(HELP) * line_height(size) + scale(40))
    box.center = surface.get_rect().center
    draw_card(surface, box, scale)
    for row, (key, what) in enumerate(HELP):
        top = box.top + scale(20) + row * line_height(size)
        draw_text(surface, (box.left + scale(24), top), key, size, SAND, bold=True)
        draw_text(surface, (box.left + scale(44) + keys, top), what, size, INK)
    return [Hit(surface.get_rect(), "help")]


def draw_typing(surface: Surface, typing: Typing, scale: Scale) -> None:
    """A box with a line that is being typed, wrapped, its caret always in sight.

    It stands at the lower right, where it hides the least.
    """
    size, small = scale(BODY), scale(SMALL)
    inner = surface.get_width() - scale(28)
    wide = min(inner, max(inner - round(0.55 * inner) - scale(8), scale(420)))
    room = wide - scale(40)
    before, behind = visible(typing.text[: typing.place]), visible(typing.text[typing.place :])
    lines = wrap([before + "▌", behind], size, room)
    hints = wrap([typing.hint], small, room)
    most = max((surface.get_height() - scale(140)) // line_height(size), 1)
    caret = max((row for row, line in enumerate(lines) if any(not n for _, n in line)), default=0)
    first = max(min(caret - most // 2, len(lines) - most), 0)
    shown = lines[first : first + most]
    high = len(shown) * line_height(size) + (1 + len(hints)) * line_height(small) + scale(44)
    box = Rect(0, 0, wide, high)
    window = surface.get_rect()
    box.bottomright = window.right - scale(14), max(window.bottom - scale(76), high)
    draw_card(surface, box, scale)
    left, top = box.left + scale(20), box.top + scale(16)
    title = "   ".join([typing.title, *_unseen(first, len(lines) - first - most)])
    draw_text(surface, (left, top), title, small, SAND, room, bold=True)
    top += line_height(small) + scale(6)
    for line in shown:
        draw_text(surface, (left, top), "".join(piece for piece, _ in line), size)
        top += line_height(size)
    top += scale(6)
    for line in hints:
        draw_text(surface, (left, top), "".join(piece for piece, _ in line), small, SOFT)
        top += line_height(small)


def draw_reading(surface: Surface, reading: Reading, scale: Scale) -> list[Hit]:
    """A text above the panels, as far as it fits; a click closes it."""
    size, small = scale(BODY), scale(SMALL)
    wide, high = surface.get_size()
    box = Rect(scale(14), scale(38), wide - scale(28), max(high - scale(38 + 76), scale(80)))
    draw_card(surface, box, scale)
    left, top, room = box.left + scale(20), box.top + scale(16), box.width - scale(40)
    lines = [(text, begin) for text, begin in text_lines(reading.text, size, room)]
    most = max((box.height - scale(44) - 2 * line_height(small)) // line_height(size), 1)
    begun = [row for row, (_, begin) in enumerate(lines) if begin <= reading.begins]
    first = max(min(begun[-1] if begun else 0, len(lines) - most), 0)
    draw_text(surface, (left, top), reading.title, small, SAND, room, bold=True)
    top += line_height(small) + scale(8)
    for text, _ in lines[first : first + most]:
        draw_text(surface, (left, top), text, size)
        top += line_height(size)
    hint = "   ".join([*_unseen(first, len(lines) - first - most), "esc: back"])
    draw_text(surface, (left, box.bottom - line_height(small) - scale(8)), hint, small, FAINT, room)
    return [Hit(box.clip(surface.get_rect()), "full text")]


def _unseen(above: int, below: int) -> list[str]:
    """How many lines are out of sight."""
    return [f"↑ {above} more"] * (above > 0) + [f"↓ {below} more"] * (below > 0)


def text_lines(text: str, size: int, room: int) -> list[tuple[str, int]]:
    """The lines of a text, and the character of it that each begins with, as near as may be."""
    found, begin = [], 0
    for paragraph in text.split("\n"):
        parts = range(0, len(paragraph), MOST)
        shown = "".join(visible(paragraph[at : at + MOST]) for at in parts)
        done = 0
        for line in wrap([shown], size, room):
            told = "".join(piece for piece, _ in line)
            found.append((told, begin + min(done, len(paragraph))))
            done += len(told)
        begin += len(paragraph) + 1
    return found
