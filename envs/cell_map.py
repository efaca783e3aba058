"""The view as a map, cell by cell, which loses nothing of it."""

from dataclasses import dataclass

import numpy as np
from minigrid.core.constants import COLOR_TO_IDX, IDX_TO_COLOR, IDX_TO_OBJECT, OBJECT_TO_IDX

from envs.senses import SIZE, STATES, Senses, View, noun, read_noun, sense
from envs.wording import Wording

Cell = tuple[int, int, int]
"""Kind, colour and state, as MiniGrid numbers them."""

_DOOR = OBJECT_TO_IDX["door"]
_MARKS: dict[Cell, str] = {
    (OBJECT_TO_IDX["unseen"], 0, 0): "?",
    (OBJECT_TO_IDX["empty"], 0, 0): ".",
    (OBJECT_TO_IDX["wall"], COLOR_TO_IDX["grey"], 0): "#",
}
_CELLS = {mark: cell for cell, mark in _MARKS.items()}


@dataclass(frozen=True, slots=True, eq=False)
class CellMap:
    """Seven lines of seven cells, far to near and left to right, and a line about the body.

    `?` is a cell out of sight, `.` an empty one, `#` a wall; things are named with `-` for spaces.

        ? ? ? # # # #
        ? ? ? . . . #
        ? ? ? . . . #
        # . . . blue-key . #
        # . . . . . #
        # red-ball . . . . #
        # . . you . . #
        You carry a grey box. You face north. You turned left. 34 turns left.
    """

    wording: Wording
    """How the last line is told."""

    def write(self, senses: Senses, view: View) -> str:
        """The observation as text."""
        rows = [[_mark(*cell) for cell in row] for row in view.transpose(1, 0, 2).tolist()]
        rows[-1][SIZE // 2] = "you"  # what is carried shows here, and the last line tells it
        return "\n".join([*map(" ".join, rows), " ".join(self.wording.body(senses))])

    def retell(self, thought: str, facing: str) -> str:
        """The same thought: a map has no words for places."""
        return thought

    restore = retell

    def parse(self, text: str) -> Senses:
        """The senses that this text tells of."""
        told = self.wording.read(text.rpartition("\n")[2])
        names = ("facing", "turns_left", "last_action", "changed", "unreadable")
        return sense(self.view(text), **{name: told[name] for name in names if name in told})

    def view(self, text: str) -> View:
        """The view that this text shows, as MiniGrid encodes it, `[7, 7, 3]`."""
        *rows, last = text.split("\n")
        kind, colour = self.wording.read(last).get("carried", ("empty", "red"))
        you = (OBJECT_TO_IDX[kind], COLOR_TO_IDX[colour], 0)
        cells = [[you if mark == "you" else _cell(mark) for mark in row.split()] for row in rows]
        if [len(row) for row in cells] != [SIZE] * SIZE:
            raise ValueError(f"cannot read a map: expected {SIZE} lines of {SIZE} cells:\n{text}")
        return np.array(cells, dtype=np.uint8).transpose(1, 0, 2)


def _mark(kind: int, colour: int, state: int) -> str:
    """What stands for a cell on the map."""
    if (kind, colour, state) in _MARKS:
        return _MARKS[kind, colour, state]
    door_state = STATES[state] if kind == _DOOR else None
    return noun(IDX_TO_OBJECT[kind], IDX_TO_COLOR[colour], door_state).replace(" ", "-")


def _cell(mark: str) -> Cell:
    """The inverse of `_mark`."""
    if mark in _CELLS:
        return _CELLS[mark]
    kind, colour, state = read_noun(mark.replace("-", " "))
    if kind not in OBJECT_TO_IDX:
        raise ValueError(f"cannot read {mark!r} as a cell of a map.")
    return OBJECT_TO_IDX[kind], COLOR_TO_IDX[colour], STATES.index(state) if state else 0
