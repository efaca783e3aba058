"""A scene on a surface of any size. Painting changes nothing but the surface."""

import pygame
from pygame import Rect, Surface

from envs.viewer.blocks import Block, Line, blocks_of, fit, with_ellipsis
from envs.viewer.canvas import Hit, Scale, draw_text
from envs.viewer.fonts import line_height, render, width
from envs.viewer.overlays import draw_help, draw_reading, draw_typing
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
from envs.viewer.scene import Panel, Picture, Scene, Tick


def paint(surface: Surface, scene: Scene) -> list[Hit]:
    """Draw the scene, and return where it can be clicked."""
    scale = Scale.of(surface.get_size())
    wide, high = surface.get_size()
    surface.fill(GROUND)
    margin, head, foot = scale(14), scale(38), scale(44)
    _head(surface, scene, Rect(margin, 0, wide - 2 * margin, head), scale)
    hits: list[Hit] = []
    body = Rect(margin, head, wide - 2 * margin, high - head - foot)
    count = max(len(scene.panels), 1)
    each = (body.width - (count - 1) * margin) // count
    for number, panel in enumerate(scene.panels):
        place = Rect(body.left + number * (each + margin), body.top, each, body.height)
        hits += _panel(surface, panel, place, scale, number, alone=count == 1)
    if scene.reading:
        hits += draw_reading(surface, scene.reading, scale)
    if scene.typing:
        draw_typing(surface, scene.typing, scale)
    if scene.help:
        hits += draw_help(surface, scale)
    buttons = Rect(margin, high - foot, wide - 2 * margin, foot)
    return hits + _buttons(surface, scene, buttons, scale)


def _head(surface: Surface, scene: Scene, place: Rect, scale: Scale) -> None:
    """Title at the left; what has just happened, recording and speed at the right."""
    size, y = scale(SMALL), place.top + scale(11)
    right = place.right
    state = scene.speed if scene.playing else "paused"
    told = [(state, SOFT if scene.playing else AMBER)]
    for text, colour in [*told, *[("● recording", AMBER)] * scene.recording]:
        right -= width(text, size)
        draw_text(surface, (right, y), text, size, colour)
        right -= scale(18)
    room = right - place.left
    used = draw_text(surface, (place.left, y), scene.title, size, SOFT, room // 2, bold=True)
    left = place.left + used + scale(18)
    draw_text(surface, (left, y), scene.status, size, SAND, max(right - left, 1))


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
        draw_text(surface, (box.left + scale(10), box.top + scale(5)), label, size, SOFT)
        hits.append(Hit(box, command))
        left = box.right + scale(8)
    return hits


def _panel(
    surface: Surface, panel: Panel, place: Rect, scale: Scale, number: int, alone: bool
) -> list[Hit]:
    """The world beside what is sensed, thought and done, or above it where the panel is narrow.

    A click chooses it, where it is not `alone`.
    """
    gap, small = scale(16), scale(SMALL)
    name = Rect(place.left, place.top, place.width, line_height(small) + scale(4))
    colour = SKY if panel.chosen or alone else SOFT
    draw_text(surface, name.topleft, panel.policy, small, colour, name.width, bold=True)
    ticks = Rect(place.left, place.bottom - scale(26), place.width, scale(22))
    hits = [] if alone else [Hit(place, "choose", panel=number)]
    hits += _timeline(surface, panel, ticks, scale, number)
    body = Rect(place.left, name.bottom, place.width, ticks.top - name.bottom - scale(6))
    if panel.picture is None or panel.blind:
        return hits + _without_world(surface, panel, body, scale, number)
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
    _world(surface, panel.picture, view, scale)
    hits += _words(surface, panel, words, scale, number)
    return hits


def _without_world(
    surface: Surface, panel: Panel, place: Rect, scale: Scale, number: int
) -> list[Hit]:
    """The words alone, with all the room there is."""
    small = scale(SMALL)
    said = "the world is hidden: b shows it" if panel.blind else "no picture of this world"
    draw_text(surface, place.topleft, said, small, FAINT, place.width)
    used = line_height(small) + scale(8)
    words = Rect(place.left, place.top + used, place.width, place.height - used)
    return _words(surface, panel, words, scale, number)


def _world(surface: Surface, picture: Picture, place: Rect, scale: Scale) -> None:
    """The picture, scaled smoothly, with path and touch."""
    pygame.draw.rect(surface, CARD, place, border_radius=scale(6))
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
        draw_text(surface, (place.left, top), block.label, small, FAINT)
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
    rail = Rect(place.left, place.bottom - scale(1), place.width, scale(1))
    pygame.draw.rect(surface, EDGE, rail)
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
    if panel.turn >= count:  # the end of an episode, where nothing is left to do
        end = min(place.left + round(count * each), place.right - scale(2))
        pygame.draw.rect(surface, INK, Rect(end, place.top, scale(2), place.height))
    return hits


def _tick(tick: Tick, room: int) -> tuple[int, Colour]:
    if not tick.readable:
        return room // 3, AMBER
    if tick.reward > 0:
        return room, SKY
    return round(room * 0.6), AMBER if tick.slip or tick.reward < 0 else SOFT
