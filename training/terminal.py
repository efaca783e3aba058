"""The window's twin in a terminal: the same show, the same scene, told in text."""

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep

import numpy as np
from PIL import Image
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agent.show import Episodes, Show
from envs.display import visible
from envs.viewer.blocks import MARKS
from envs.viewer.command import Command
from envs.viewer.palette import AMBER, FAINT, INK, SAND, SKY, SOFT, Colour, mix, sureness
from envs.viewer.scene import Panel, Picture, Scene, Tick

FRAME_SECONDS = 1 / 15
PICTURE = 40
"""Columns of a world, at most, and half as many lines."""
BESIDE, HIGH = 60, 40
"""From so many columns on a world stands beside the words, from so many lines on above them."""
LIKELIEST, LOW = 3, 32
"""How many actions are told where there are fewer lines than that."""
BAR = 24
"""Signs of a probability of 1."""
ARROWS = {"\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left"}
KEYS = {
    " ": "pause", "\x1b[C": "on", "\x1b[D": "back", "\x1b[A": "faster", "\x1b[B": "slower",
    "n": "next", "r": "again", "t": "take over", "e": "edit", "b": "blind", "\t": "other",
    "q": "leave", "\x1b": "leave",
}  # fmt: skip
IN_LINE = {"\r": "enter", "\n": "enter", "\x7f": "delete", "\t": "complete", "\x1b": "escape"}
HINT = "space pause   ← → a turn back, on   ↑ ↓ speed   n next   r again   t take over   e edit   q"


def watch_in_terminal(episodes: Episodes, console: Console) -> None:
    """Show episodes until someone leaves, or the first one ends where nobody can press a key.

    Raises:
        ValueError: if the output is no terminal.
    """
    if not console.is_terminal:
        raise ValueError("--watch needs a terminal: without it every turn is printed as it ends")
    show = Show(episodes, perf_counter())
    by_keys = sys.stdin.isatty()
    try:
        with _raw(by_keys), Live(console=console, auto_refresh=False, screen=by_keys) as live:
            while not (show.left or (show.over and not by_keys)):
                for key in _pressed() if by_keys else ():
                    show.do(command(key, typing=show.scene().typing is not None))
                show.tick(perf_counter())
                live.update(told(show.scene(), console.width, console.height), refresh=True)
                sleep(FRAME_SECONDS)
    finally:
        show.close()


def command(key: str, *, typing: bool) -> Command:
    """What a key means, in a line that is typed or outside of it; nothing, if it means nothing."""
    if not typing:
        return Command(KEYS.get(key, ""))
    if key in ARROWS:
        return Command("arrow", text=ARROWS[key])
    if key in IN_LINE:
        return Command(IN_LINE[key])
    return Command("type", text=key if key.isprintable() else "")


def told(scene: Scene, columns: int, lines: int) -> RenderableType:
    """A scene in a terminal's columns and lines."""
    state = scene.speed if scene.playing else "paused"
    head = _text((f"{visible(scene.title)}   {state}   ", SOFT), (visible(scene.status), SAND))
    side_by_side = Table.grid(expand=True, padding=(0, 2))
    for _ in scene.panels:
        side_by_side.add_column(ratio=1)
    each = columns // max(len(scene.panels), 1) - 2
    one_of_two = len(scene.panels) > 1
    side_by_side.add_row(*(_panel(panel, each, lines, one_of_two) for panel in scene.panels))
    foot: list[Text] = [_text((HINT, FAINT))]
    if scene.typing:
        typing = scene.typing
        before, behind = typing.text[: typing.place], typing.text[typing.place :]
        line = f"{visible(before)}▌{visible(behind)}"
        foot = [_text((typing.title, SAND)), _text((line, INK)), _text((typing.hint, SOFT))]
    return Group(head, side_by_side, *foot)


def _panel(panel: Panel, columns: int, lines: int, one_of_two: bool) -> RenderableType:
    """World beside words, or above them; words alone where there is little room."""
    words = _words(panel, len(panel.choices) if lines >= LOW else LIKELIEST, one_of_two)
    if panel.picture is None or panel.blind or (columns < BESIDE and lines < HIGH):
        return words
    if columns < BESIDE:
        return Group(blocks(panel.picture, min(PICTURE, columns, lines)), words)
    wide = min(PICTURE, columns * 2 // 5, 2 * (lines - 4))
    world = blocks(panel.picture, wide)
    beside = Table.grid(padding=(0, 2))
    beside.add_column(width=wide)
    beside.add_column(ratio=1)
    beside.add_row(world, words)
    return beside


def _words(panel: Panel, actions: int, one_of_two: bool) -> RenderableType:
    name = SKY if panel.chosen or not one_of_two else SOFT
    lines = [_text((visible(panel.policy), name)), _text((visible(panel.mission), INK), bold=True)]
    lines += [_text((visible(one), SOFT)) for one in panel.observation.split("\n")]
    thought = [
        (visible(token.text), INK if token.probability is None else sureness(token.probability))
        for token in panel.thought
    ]
    if thought or panel.thinking:
        lines.append(_text(*thought, ("▌" if panel.thinking else "", INK)))
    for claim in panel.claims:
        mark, colour = MARKS[claim.verdict]
        lines.append(_text((f"  {mark}", colour), (visible(claim.text), SOFT)))
    if panel.action:
        lines.append(_text((f"> {visible(panel.action)}", SAND), bold=True))
    if panel.trouble:
        lines.append(_text((f"! {visible(panel.trouble)}", AMBER), bold=True))
    likeliest = sorted((share for _, share in panel.choices), reverse=True)[:actions]
    for action, share in (one for one in panel.choices if one[1] in likeliest):
        bar = "█" * round(BAR * share)
        shade = mix(FAINT, SAND, share)
        lines.append(_text((f"  {visible(action):14}{share:5.0%} ", SOFT), (bar, shade)))
    figures = [("return", f"{panel.episode_return:+.2f}"), *panel.facts]
    if panel.reward is not None:
        figures.insert(0, ("reward", f"{panel.reward:+.2f}"))
    told = "   ".join(visible(f"{label} {value}") for label, value in figures)
    lines += [_text((told, SOFT)), _timeline(panel)]
    if panel.outcome:
        colour = SKY if panel.outcome == "success" else AMBER
        lines.append(_text((panel.outcome, colour), bold=True))
    return Group(*lines)


def blocks(picture: Picture, columns: int) -> Text:
    """A world in half blocks, two rows of it a line; where something was touched, a ring."""
    high, wide = picture.pixels.shape[:2]
    factor = min(columns / wide, columns / high)
    size = max(round(wide * factor), 1), max(round(high * factor / 2), 1) * 2
    image = Image.fromarray(picture.pixels).resize(size, Image.Resampling.BOX)
    rows = np.asarray(image)
    found = Text(no_wrap=True)
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        for one, other in zip(upper, lower, strict=True):
            found.append("▀", f"{_rgb(one)} on {_rgb(other)}")
        found.append("\n")
    found.right_crop()
    return found


def _timeline(panel: Panel) -> Text:
    """A sign a turn, as the window's ticks; the one that is shown stands out."""
    found = Text()
    for turn, tick in enumerate(panel.timeline):
        sign, colour = _sign(tick)
        found.append(sign, _rgb(INK if turn == panel.turn else colour))
    return found


def _sign(tick: Tick) -> tuple[str, Colour]:
    if not tick.readable:
        return "▂", AMBER
    if tick.reward > 0:
        return "█", SKY
    return "▅", AMBER if tick.slip or tick.reward < 0 else FAINT


def _text(*pieces: tuple[str, Colour], bold: bool = False) -> Text:
    found = Text()
    for text, colour in pieces:
        found.append(text, f"{'bold ' if bold else ''}{_rgb(colour)}")
    return found


def _rgb(colour: Colour | np.ndarray) -> str:
    red, green, blue = (int(one) for one in colour)
    return f"rgb({red},{green},{blue})"


@contextmanager
def _raw(by_keys: bool) -> Iterator[None]:
    """Keys come as they are pressed, and are not written onto the screen."""
    if not by_keys:
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin, termios.TCSADRAIN)  # what has been typed already is not thrown away
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _pressed() -> Iterator[str]:
    """The keys pressed since the last call, an arrow as one."""
    while select.select([sys.stdin], [], [], 0)[0]:
        read = os.read(sys.stdin.fileno(), 64).decode(errors="replace")
        if not read:
            return
        while read:
            length = 3 if read[:3] in ARROWS else 1
            yield read[:length]
            read = read[length:]
