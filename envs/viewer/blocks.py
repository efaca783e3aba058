"""A panel's texts as blocks of lines, cut to the room there is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from envs.display import visible
from envs.viewer.fonts import ellipsis, line_height, width, wrap
from envs.viewer.palette import AMBER, FAINT, INK, SAND, SKY, SOFT, Colour, sureness
from envs.viewer.scene import Panel, Verdict

MARKS = {
    Verdict.TRUE: ("✓ ", SKY),
    Verdict.FALSE: ("✗ ", AMBER),
    Verdict.UNCHECKED: ("· ", FAINT),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of coloured pieces; one with a `bar` shows a share of 1 behind its label."""

    pieces: tuple[tuple[str, Colour], ...]
    bar: float | None = None
    cut: bool = False
    """whether what follows it was left out"""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under a label."""

    label: str
    lines: tuple[Line, ...]
    size: int
    bold: bool = False

    def height(self, small: int) -> int:
        """With its label, in pixels."""
        return len(self.lines) * line_height(self.size) + (line_height(small) if self.label else 0)


def blocks_of(panel: Panel, room: int, size: int, small: int, title: int) -> list[Block]:
    """What a panel has to say, in order, each line at most `room` pixels wide."""
    found = [Block("", _plain(panel.mission or "…", title, room, INK, True), title, bold=True)]
    if panel.observation:
        found.append(Block("senses", _plain(panel.observation, size, room, SOFT), size))
    if panel.thought or panel.thinking:
        found.append(Block("thinks", _thought(panel, size, room), size))
    if panel.claims:
        lines = [
            _in_front(*MARKS[claim.verdict], _plain(claim.text, small, room - 2 * small, SOFT))
            for claim in panel.claims
        ]
        found.append(Block("claims", tuple(line for some in lines for line in some), small))
    if panel.action or panel.trouble:
        said, colour = (panel.action, SAND) if panel.action else (panel.trouble, AMBER)
        found.append(Block("does", _plain(said, size, room, colour, True), size, bold=True))
    if panel.choices:
        rows = (Line(((visible(name), SOFT),), bar=share) for name, share in panel.choices)
        found.append(Block("after this thought", tuple(rows), small))
    figures = [("return", f"{panel.episode_return:+.2f}"), *panel.facts]
    if panel.reward is not None:
        figures.insert(0, ("reward", f"{panel.reward:+.2f}"))
    told = "   ".join(visible(f"{name} {value}").replace(" ", "\xa0") for name, value in figures)
    found.append(Block("", _shown(told, small, room, SOFT), small))
    if panel.outcome:
        colour = SKY if panel.outcome == "success" else AMBER
        found.append(Block("", _plain(panel.outcome, title, room, colour, True), title, bold=True))
    return found


def fit(blocks: Sequence[Block], room: int, small: int, gap: int) -> list[Block]:
    """The blocks cut to a height: the longest gives up its last line until all of them fit."""
    kept = list(blocks)

    def height() -> int:
        return sum(block.height(small) + gap for block in kept)

    while height() > room:
        place = max(range(len(kept)), key=lambda one: len(kept[one].lines) * kept[one].size)
        if len(kept[place].lines) <= 1:
            break
        kept[place] = _without_a_line(kept[place])
    while len(kept) > 1 and height() > room:
        kept.pop()
    return kept


def _without_a_line(block: Block) -> Block:
    """The block less its last line, or of shares less the smallest, and the mark of a cut."""
    lines = list(block.lines)
    shares = [1.0 if line.bar is None else line.bar for line in lines]
    del lines[-1 if lines[-1].bar is None else shares.index(min(shares))]
    return replace(block, lines=(*lines[:-1], replace(lines[-1], cut=True)))


def with_ellipsis(line: Line, size: int, room: int, bold: bool = False) -> Line:
    """A line whose end says that something follows."""
    *before, (text, colour) = line.pieces
    used = sum(width(one, size, bold) for one, _ in before)
    whole = f"{text.rstrip()}…"
    if used + width(whole, size, bold) > room:
        whole = ellipsis(text, size, room - used - width("…", size, bold), bold)
    return Line((*before, (whole, colour)))


def _plain(text: str, size: int, room: int, colour: Colour, bold: bool = False) -> tuple[Line, ...]:
    paragraphs = [visible(one) for one in text.split("\n")]
    return tuple(
        line for paragraph in paragraphs for line in _shown(paragraph, size, room, colour, bold)
    )


def _shown(text: str, size: int, room: int, colour: Colour, bold: bool = False) -> tuple[Line, ...]:
    """The lines of a text that is fit to be shown."""
    return tuple(
        Line(tuple((piece, colour) for piece, _ in line) or (("", colour),))
        for line in wrap([text], size, room, bold)
    )


def _thought(panel: Panel, size: int, room: int) -> tuple[Line, ...]:
    """Tokens, each tinted by how sure it was, with a caret behind them while more are to come."""
    tokens = [(visible(token.text), token.probability) for token in panel.thought]
    if panel.thinking:
        tokens.append(("▌", None))
    colours = [INK if one is None else sureness(one) for _, one in tokens]
    return tuple(
        Line(tuple((piece, colours[number]) for piece, number in line) or (("", INK),))
        for line in wrap([text for text, _ in tokens], size, room)
    )


def _in_front(mark: str, colour: Colour, lines: Sequence[Line]) -> list[Line]:
    """Lines with a mark before the first, and as much room before the others."""
    return [
        Line(((mark if place == 0 else "   ", colour), *line.pieces))
        for place, line in enumerate(lines)
    ]
