"""A scene on a surface of any size. Painting changes nothing but the surface."""

from dataclasses import dataclass

import pygame
from pygame import Rect, Surface

from envs.display import visible
from envs.viewer.blocks import Block, Line, blocks_of, fit, with_ellipsis
from envs.viewer.fonts import ellipsis, line_height, render, width, wrap
from envs.viewer.palette import (
    AMBER,
    BODY,
    CARD,
    EDGE,
    FAINT,
    GROUND,
    INK,
    SAND,
    SKY,
    SMALL,
    SOFT,
    TITLE,
    Colour,
    mix,
)
from envs.viewer.scene import Panel, Picture, Scene, Tick, Typing

DESIGN = 1150, 720
"""The size at which the scale is 1."""
HELP = (
    ("space", "pause and go on"),
    ("→  ←", "one turn on, one turn back"),
    ("↑  ↓", "faster, slower"),
    ("n  r", "next episode, the same again"),
    ("t", "take over, and hand back"),
    ("e", "edit the thought before the action is sampled"),
    ("f", "the whole text of this turn"),
    ("b", "hide the picture: see what the model sees"),
    ("p  v", "save a picture, start and stop recording"),
    ("q", "leave"),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a click means something."""

    rect: Rect
    command: str
    turn: int = 0
    """of a tick on the timeline"""
    panel: int = 0


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


def paint(surface: Surface, scene: Scene) -> list[Hit]:
    """Draw the scene, and return where it can be clicked."""
    scale = Scale.of(surface.get_size())
    wide, high = surface.get_size()
    surface.fill(GROUND)
    margin, head, foot = scale(14), scale(38), scale(44)
    hits = _head(surface, scene, Rect(margin, 0, wide - 2 * margin, head), scale)
    hits += _buttons(surface, scene, Rect(margin, high - foot, wide - 2 * margin, foot), scale)
    body = Rect(margin, head, wide - 2 * margin, high - head - foot)
    count = max(len(scene.panels), 1)
    each = (body.width - (count - 1) * margin) // count
    for number, panel in enumerate(scene.panels):
        place = Rect(body.left + number * (each + margin), body.top, each, body.height)
        hits += _panel(surface, panel, place, scale, number)
    if scene.help:
        _help(surface, scale)
    if scene.typing:
        _typing(surface, scene.typing, scale)
    return hits


def _text(
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


def _head(surface: Surface, scene: Scene, place: Rect, scale: Scale) -> list[Hit]:
    """Title at the left; what has just happened, recording and speed at the right."""
    size, y = scale(SMALL), place.top + scale(11)
    right = place.right
    state = scene.speed if scene.playing else "paused"
    for text, colour in ((state, SOFT if scene.playing else AMBER),):
        right -= width(text, size)
        _text(surface, (right, y), text, size, colour)
        right -= scale(18)
    if scene.recording:
        right -= width("● recording", size)
        _text(surface, (right, y), "● recording", size, AMBER)
        right -= scale(18)
    room = right - place.left
    used = _text(surface, (place.left, y), scene.title, size, SOFT, room // 2, bold=True)
    left = place.left + used + scale(18)
    _text(surface, (left, y), scene.status, size, FAINT, max(right - left, 1))
    return []


def _buttons(surface: Surface, scene: Scene, place: Rect, scale: Scale) -> list[Hit]:
    """A row of buttons; those that have no room are left to the keyboard."""
    hits, left = [], place.left
    size = scale(SMALL)
    for command, label in scene.buttons:
        box = Rect(left, place.top + scale(8), width(label, size) + scale(20), scale(27))
        if box.right > place.right:
            break
        pygame.draw.rect(surface, CARD, box, border_radius=scale(6))
        pygame.draw.rect(surface, EDGE, box, width=1, border_radius=scale(6))
        _text(surface, (box.left + scale(10), box.top + scale(5)), label, size, SOFT)
        hits.append(Hit(box, command))
        left = box.right + scale(8)
    return hits


def _panel(surface: Surface, panel: Panel, place: Rect, scale: Scale, number: int) -> list[Hit]:
    """The world beside what is sensed, thought and done, or above it where the panel is narrow."""
    gap, small = scale(16), scale(SMALL)
    name = Rect(place.left, place.top, place.width, line_height(small) + scale(4))
    _text(surface, name.topleft, panel.policy, small, SKY, name.width, bold=True)
    ticks = Rect(place.left, place.bottom - scale(26), place.width, scale(22))
    hits = _timeline(surface, panel, ticks, scale, number)
    body = Rect(place.left, name.bottom, place.width, ticks.top - name.bottom - scale(6))
    if body.width > 1.25 * body.height:
        side = min(body.height, round(body.width * 0.55))
        view = Rect(body.left, body.top, side, side)
        words = Rect(view.right + gap, body.top, body.right - view.right - gap, body.height)
    else:
        side = min(body.width, round(body.height * 0.42))
        view = Rect(body.left + (body.width - side) // 2, body.top, side, side)
        words = Rect(
            body.left, view.bottom + scale(8), body.width, body.bottom - view.bottom - scale(8)
        )
    _world(surface, panel, view, scale)
    hits += _words(surface, panel, words, scale, number)
    return hits


def _world(surface: Surface, panel: Panel, place: Rect, scale: Scale) -> None:
    """The picture, scaled smoothly, with path and touch; a dark card where there is none."""
    pygame.draw.rect(surface, CARD, place, border_radius=scale(6))
    picture = panel.picture
    if picture is None or panel.blind:
        said = "the picture is hidden: b shows it" if panel.blind else "no picture of this world"
        _text(
            surface, (place.left + scale(14), place.top + scale(12)), said, scale(SMALL), FAINT,
            place.width - scale(28),
        )  # fmt: skip
        return
    high, wide = picture.pixels.shape[:2]
    factor = min(place.width / wide, place.height / high)
    size = round(wide * factor), round(high * factor)
    raw = pygame.image.frombuffer(picture.pixels.tobytes(), (wide, high), "RGB")
    at = place.left + (place.width - size[0]) // 2, place.top + (place.height - size[1]) // 2
    surface.blit(pygame.transform.smoothscale(raw, size), at)
    if all(picture.cells):
        _trail(surface, picture, Rect(at, size), scale)


def _trail(surface: Surface, picture: Picture, place: Rect, scale: Scale) -> None:
    """Where the body has been, older steps fainter, and a ring where it touched something."""
    side = place.width / picture.cells[0]

    def middle(cell: tuple[int, int]) -> tuple[int, int]:
        return round(place.left + (cell[0] + 0.5) * side), round(place.top + (cell[1] + 0.5) * side)

    steps = list(zip(picture.path, picture.path[1:], strict=False))
    for age, (one, other) in enumerate(steps):
        shade = mix(EDGE, SAND, (age + 1) / len(steps))
        pygame.draw.line(surface, shade, middle(one), middle(other), max(2, round(side / 16)))
    if picture.touched:
        pygame.draw.circle(surface, AMBER, middle(picture.touched), round(side * 0.44), scale(3))


def _words(surface: Surface, panel: Panel, place: Rect, scale: Scale, number: int) -> list[Hit]:
    """The panel's texts; a block that was cut can be clicked to be read in full."""
    gap, small = scale(9), scale(SMALL)
    blocks = blocks_of(panel, place.width, scale(BODY), small, scale(TITLE))
    hits, top = [], place.top
    for block in fit(blocks, place.height, small, gap):
        area = Rect(place.left, top, place.width, block.height(small))
        top = _block(surface, block, area, scale) + gap
        if any(line.cut for line in block.lines):
            hits.append(Hit(area, "full text", panel=number))
    return hits


def _block(surface: Surface, block: Block, place: Rect, scale: Scale) -> int:
    """Label and lines; returns where they end."""
    top, small = place.top, scale(SMALL)
    if block.label:
        _text(surface, (place.left, top), block.label, small, FAINT)
        top += line_height(small)
    names = max((width(line.pieces[0][0], block.size) for line in block.lines), default=0)
    for line in block.lines:
        if line.bar is not None:
            _bar(
                surface,
                line,
                Rect(place.left, top, place.width, line_height(block.size)),
                names,
                block.size,
            )
        else:
            shown = with_ellipsis(line, block.size, place.width, block.bold) if line.cut else line
            left = place.left
            for text, colour in shown.pieces:
                surface.blit(render(text, block.size, colour, block.bold), (left, top))
                left += width(text, block.size, block.bold)
        top += line_height(block.size)
    return top


def _bar(surface: Surface, line: Line, place: Rect, names: int, size: int) -> None:
    """A share of 1 as a bar between its name and its figure."""
    [(text, colour)] = line.pieces
    share = line.bar or 0.0
    figure = width("100 % …", size) + size // 2
    surface.blit(render(text, size, colour), place.topleft)
    track = Rect(place.left + names + size, 0, place.width - names - size - figure, size // 2 + 2)
    track.centery = place.centery - size // 5
    if track.width > 8:
        pygame.draw.rect(surface, CARD, track, border_radius=track.height // 2)
        filled = Rect(track.left, track.top, max(round(track.width * share), 2), track.height)
        pygame.draw.rect(surface, mix(FAINT, SAND, share), filled, border_radius=track.height // 2)
    said = f"{100 * share:.0f} %" + (" …" if line.cut else "")
    surface.blit(render(said, size, colour), (place.right - width(said, size), place.top))


def _timeline(surface: Surface, panel: Panel, place: Rect, scale: Scale, number: int) -> list[Hit]:
    """A tick a turn: what could not be read is amber and low, what was paid stands out in blue."""
    count = len(panel.timeline)
    if not count:
        return []
    limit = max(panel.turn_limit, count)
    each = place.width / limit
    hits = []
    for turn, tick in enumerate(panel.timeline):
        left = place.left + round(turn * each)
        wide = max(round(each) - (1 if each > 3 else 0), 1)
        high, colour = _tick(tick, place.height)
        box = Rect(left, place.bottom - high, wide, high)
        shown = turn == panel.turn
        pygame.draw.rect(surface, colour if shown else mix(GROUND, colour, 0.55), box)
        if shown:
            pygame.draw.rect(surface, INK, Rect(left, place.bottom, wide, scale(2)))
        hits.append(Hit(Rect(left, place.top, max(wide, 1), place.height), "turn", turn, number))
    return hits


def _tick(tick: Tick, room: int) -> tuple[int, Colour]:
    if not tick.readable:
        return room // 3, AMBER
    if tick.reward > 0:
        return room, SKY
    return round(room * 0.6), AMBER if tick.slip or tick.reward < 0 else SOFT


def _help(surface: Surface, scale: Scale) -> None:
    """What the keys do."""
    size = scale(BODY)
    rows = [(keys, what) for keys, what in HELP]
    keys = max(width(one, size, True) for one, _ in rows)
    wide = keys + max(width(what, size) for _, what in rows) + scale(70)
    box = Rect(0, 0, wide, (len(rows) + 1) * line_height(size) + scale(30))
    box.center = surface.get_rect().center
    _card(surface, box, scale)
    for row, (key, what) in enumerate(rows):
        top = box.top + scale(24) + row * line_height(size)
        _text(surface, (box.left + scale(24), top), key, size, SAND, bold=True)
        _text(surface, (box.left + scale(44) + keys, top), what, size, INK)


def _typing(surface: Surface, typing: Typing, scale: Scale) -> None:
    """A box with a line that is being typed, wrapped, its end always in sight.

    It stands at the lower right, where it hides the least.
    """
    size, small = scale(BODY), scale(SMALL)
    wide = min(surface.get_width() - scale(28), max(surface.get_width() * 45 // 100, scale(420)))
    room = wide - scale(40)
    lines = wrap([visible(typing.text) + "▌"], size, room)
    hints = wrap([typing.hint], small, room)
    most = max((surface.get_height() - scale(140)) // line_height(size), 1)
    lines = lines[-most:]
    high = len(lines) * line_height(size) + (1 + len(hints)) * line_height(small) + scale(44)
    box = Rect(0, 0, wide, high)
    window = surface.get_rect()
    box.bottomright = window.right - scale(14), max(window.bottom - scale(76), high)
    _card(surface, box, scale)
    top = box.top + scale(16)
    _text(surface, (box.left + scale(20), top), typing.title, small, SAND, room, bold=True)
    top += line_height(small) + scale(6)
    for line in lines:
        _text(surface, (box.left + scale(20), top), "".join(piece for piece, _ in line), size)
        top += line_height(size)
    for row, line in enumerate(hints):
        at = box.left + scale(20), top + scale(6) + row * line_height(small)
        _text(surface, at, "".join(piece for piece, _ in line), small, FAINT)


def _card(surface: Surface, box: Rect, scale: Scale) -> None:
    pygame.draw.rect(surface, CARD, box, border_radius=scale(10))
    pygame.draw.rect(surface, EDGE, box, width=scale(1), border_radius=scale(10))
