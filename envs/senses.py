"""What a body senses: from MiniGrid's encoded view to plain facts. Pure functions.

A *view* is MiniGrid's egocentric picture, a `[7, 7, 3]` array of uint8: column (left to right), row
(far to near), and of each cell its kind, colour and state as MiniGrid numbers them. The body stands
at column 3, row 6, and looks toward row 0; its own cell shows what it carries. Offsets are counted
in cells from there: `ahead` forward, `right` to the right (negative: to the left).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from minigrid.core.constants import COLOR_TO_IDX, IDX_TO_COLOR, IDX_TO_OBJECT, OBJECT_TO_IDX
from numpy.typing import NDArray

View = NDArray[np.uint8]

SIZE = 7
"""Columns and rows of a view."""
COLOURS = tuple(COLOR_TO_IDX)
STATES = ("open", "closed", "locked")
"""States of a door, at the places where MiniGrid numbers them."""
HEADINGS = ("east", "south", "west", "north")
"""What one can face, at the places where MiniGrid numbers it."""

_EMPTY, _WALL, _FLOOR, _DOOR = (OBJECT_TO_IDX[kind] for kind in ("empty", "wall", "floor", "door"))
_BACKGROUND = bytes(OBJECT_TO_IDX[kind] for kind in ("unseen", "empty", "wall", "floor", "agent"))


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing in view, and where it is."""

    kind: str
    """"ball", "box", "key", "door", "goal", "lava": whatever is no wall and no floor."""
    colour: str
    state: str | None
    """A door's: "open", "closed" or "locked"; None for all else."""
    ahead: int
    """Cells forward, 0 to 6."""
    right: int
    """Cells to the right, -3 to 3; negative is left."""

    @property
    def distance(self) -> int:
        """Steps between the body and the thing, if nothing were in the way."""
        return self.ahead + abs(self.right)

    @property
    def noun(self) -> str:
        """The thing in words: "red ball", "closed green door"."""
        return noun(self.kind, self.colour, self.state)


@dataclass(frozen=True, slots=True)
class Senses:
    """Everything sensed on one turn."""

    sightings: tuple[Sighting, ...]
    """Every thing in view, nearest first."""
    wall_ahead: int | None
    """Steps to the wall straight ahead (1: right in front); None when something else comes first,
    or no wall is in view."""
    wall_left: int | None
    wall_right: int | None
    carried: tuple[str, str] | None
    """(kind, colour) of what is carried."""
    facing: str
    """One of `HEADINGS`."""
    turns_left: int
    last_action: str | None = None
    """The canonical word of the last action; None at the start and after an unreadable one."""
    changed: bool | None = None
    """Whether the last action changed anything; None when there was none."""
    bumped: str | None = None
    """What stood in the way of a step forward, in words: "wall", "closed green door"."""
    unreadable: str | None = None
    """Why the last reply was no action: "missing" or "unknown"."""


def noun(kind: str, colour: str, state: str | None = None) -> str:
    """A thing in words. Walls are grey and lava is red, so their colour goes without saying.

    >>> noun("door", "green", "closed"), noun("wall", "grey"), noun("empty", "red")
    ('closed green door', 'wall', 'empty cell')
    """
    if kind == "empty":
        return "empty cell"
    silent = (kind, colour) in {("wall", "grey"), ("lava", "red")}
    return " ".join(filter(None, (state, "" if silent else colour, kind)))


def read_noun(text: str) -> tuple[str, str, str | None]:
    """The inverse of `noun`: (kind, colour, state).

    >>> read_noun("closed green door"), read_noun("lava")
    (('door', 'green', 'closed'), ('lava', 'red', None))
    """
    if text == "empty cell":
        return "empty", COLOURS[0], None
    *adjectives, kind = text.split()
    state = next((word for word in adjectives if word in STATES), None)
    silent = "grey" if kind == "wall" else "red"
    return kind, next((word for word in adjectives if word in COLOURS), silent), state


def sense(
    view: View,
    *,
    facing: str,
    turns_left: int,
    last_action: str | None = None,
    changed: bool | None = None,
    unreadable: str | None = None,
) -> Senses:
    """What a body with this view senses."""
    cells = view.tobytes()
    ahead, left, right = (_wall(cells, line) for line in _LINES)
    return Senses(
        sightings=tuple(
            [_sighting(i, cells[i : i + 3]) for i in _NEAREST_FIRST if cells[i] not in _BACKGROUND]
        ),
        wall_ahead=ahead,
        wall_left=left,
        wall_right=right,
        carried=_thing(cells[_SELF : _SELF + 3])[:2] if cells[_SELF] != _EMPTY else None,
        facing=facing,
        turns_left=turns_left,
        last_action=last_action,
        changed=changed,
        bumped=(
            noun(*_thing(cells[_FRONT : _FRONT + 3]))
            if last_action == "go forward" and changed is False
            else None
        ),
        unreadable=unreadable,
    )


def place(index: int) -> tuple[int, int]:
    """(ahead, right) of the cell that starts at byte `index` of a flattened view."""
    column, row = divmod(index // 3, SIZE)
    return SIZE - 1 - row, column - SIZE // 2


def index_of(ahead: int, right: int) -> int:
    """The inverse of `place`."""
    return 3 * ((right + SIZE // 2) * SIZE + SIZE - 1 - ahead)


_SELF = index_of(0, 0)
_FRONT = index_of(1, 0)
_NEAREST_FIRST = tuple(
    index_of(ahead, right)
    for ahead, right in sorted(
        (place(3 * cell) for cell in range(SIZE * SIZE)),
        key=lambda offset: (offset[0] + abs(offset[1]), abs(offset[1]), offset[1]),
    )
    if (ahead, right) != (0, 0)
)
_LINES = (
    tuple(index_of(steps, 0) for steps in range(1, SIZE)),
    tuple(index_of(0, -steps) for steps in range(1, SIZE // 2 + 1)),
    tuple(index_of(0, steps) for steps in range(1, SIZE // 2 + 1)),
)
"""The cells straight ahead, left and right of the body, nearest first."""


def _wall(cells: bytes, line: tuple[int, ...]) -> int | None:
    """Steps to the wall at the end of a line of free cells, if there is one."""
    for steps, index in enumerate(line, start=1):
        kind = cells[index]
        if kind == _WALL:
            return steps
        if kind != _EMPTY and kind != _FLOOR:
            return None
    return None


def _thing(cell: bytes) -> tuple[str, str, str | None]:
    """(kind, colour, state) of three bytes of a view."""
    kind, colour, state = cell
    return IDX_TO_OBJECT[kind], IDX_TO_COLOR[colour], STATES[state] if kind == _DOOR else None


@cache  # there are few different ones, and building them is what sensing costs
def _sighting(index: int, cell: bytes) -> Sighting:
    return Sighting(*_thing(cell), *place(index))
