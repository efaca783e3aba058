"""The true state of a grid, in plain Python: what tests and experts compare, and no policy sees."""

from functools import cache
from itertools import compress
from typing import Any

from minigrid.core.world_object import WorldObj
from minigrid.minigrid_env import MiniGridEnv

from envs.senses import HEADINGS, SIZE, STATES, Senses, View, place

_FORWARD = ((1, 0), (0, 1), (-1, 0), (0, -1))
"""One step forward, in (x, y), for each of `HEADINGS`."""


class Witness:
    """Sees an episode from outside: where everything is, and what has ever been in view.

    Cells are kept as numbers in a grid with a margin on each side as wide as a view, so that what
    is in view is the body's own number plus fixed offsets, with no bounds to check.
    """

    def __init__(self, grid: MiniGridEnv) -> None:
        """`grid` has just been reset."""
        self._grid = grid
        self._stride = grid.width + 2 * SIZE
        self._cells: set[int] = set()
        self._positions: list[tuple[int, int]] = []
        self._objects: set[WorldObj] = set()

    def look(self, view: View, senses: Senses) -> None:
        """Remember what is in view now; call it whenever the body has looked."""
        grid = self._grid
        x, y = grid.agent_pos
        here = int(x) + SIZE + (int(y) + SIZE) * self._stride
        offsets = _view_offsets(self._stride, int(grid.agent_dir))
        in_view = compress(offsets, view.tobytes()[::3])  # of each cell its kind; 0 is unseen
        new = [cell for cell in map(here.__add__, in_view) if cell not in self._cells]
        self._cells.update(new)
        for cell in new:
            row, column = divmod(cell, self._stride)
            if 0 <= column - SIZE < grid.width and 0 <= row - SIZE < grid.height:
                self._positions.append((column - SIZE, row - SIZE))

        dx, dy = _FORWARD[grid.agent_dir]
        for sighting in senses.sightings:
            ahead, right = sighting.ahead, sighting.right
            thing = grid.grid.get(x + dx * ahead - dy * right, y + dy * ahead + dx * right)
            if thing is not None:  # a level may change after it has shown itself
                self._objects.add(thing)

    def truth(self) -> dict[str, Any]:
        """The state as numbers, strings, tuples and dicts, of which the caller may keep all.

        `position` (x, y), `heading`, `size` (width, height), `mission`, `carried` (kind, colour) or
        None, `seen`: every position that has been in view, in the order of first sight; `objects`:
        all but walls and floors, each with `kind`, `colour`, `state`, `position` and whether it
        has been `seen`.
        """
        grid = self._grid
        x, y = grid.agent_pos
        width = grid.width
        carried = grid.carrying
        return {
            "position": (int(x), int(y)),
            "heading": HEADINGS[grid.agent_dir],
            "size": (width, grid.height),
            "mission": grid.mission,
            "carried": None if carried is None else (carried.type, carried.color),
            "seen": tuple(self._positions),
            "objects": tuple(
                [
                    {
                        "kind": thing.type,
                        "colour": thing.color,
                        "state": _door_state(thing),
                        "position": (i % width, i // width),
                        "seen": thing in self._objects,
                    }
                    for i, thing in enumerate(grid.grid.grid)
                    if thing is not None and thing.type not in ("wall", "floor")
                ]
            ),
        }


def _door_state(thing: WorldObj) -> str | None:
    return STATES[thing.encode()[2]] if thing.type == "door" else None


@cache
def _view_offsets(stride: int, heading: int) -> list[int]:
    """How far each cell of a view, in the order of its bytes, is from the body's own cell."""
    dx, dy = _FORWARD[heading]
    return [
        (dx * ahead - dy * right) + (dy * ahead + dx * right) * stride
        for ahead, right in (place(3 * cell) for cell in range(SIZE * SIZE))
    ]
