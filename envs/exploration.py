"""Where to look next: which poses would show something that has not been seen."""

from collections.abc import Callable

from envs.actions import Action
from envs.memory import DIRECTIONS, PORTABLE, Memory, Pose, Position, Thing, offset, turned
from envs.planner import Cells, passable


def revealing(memory: Memory, reach: int = 7) -> Callable[[Pose], int]:
    """Wants a pose that shows unseen cells at the edge of the known floor: the more, the better.

    A pose already taken shows nothing new. `reach` is the side of the view.
    """
    cells = memory.cells
    edge = {
        (x + dx, y + dy)
        for (x, y), thing in cells.items()
        if transparent(thing)
        for dx, dy in DIRECTIONS
        if (x + dx, y + dy) not in cells
    }

    def worth(pose: Pose) -> int:
        if pose in memory.poses:
            return 0
        return sum(_shows(memory, pose, place, reach) for place in edge)

    return worth


def looking_round(memory: Memory, turned_left: bool, place: Position | None) -> Action | None:
    """The next turn of one who looks round, always the same way; None where that finds nothing.

    Args:
        memory: what has been observed.
        turned_left: whether the last action was to turn left.
        place: of what is looked for, if that is known to whom it is not told.
    """
    if place is None:
        finds = revealing(memory)(turned(memory.pose, -1 if turned_left else 1)) > 0
    else:
        finds = any(_shows(memory, turned(memory.pose, turns), place) for turns in range(4))
    if not finds:
        return None
    return Action.LEFT if turned_left else Action.RIGHT


def _shows(memory: Memory, pose: Pose, place: Position, reach: int = 7) -> bool:
    """Whether a place is in view from a pose, as far as is known."""
    ahead, right = offset(pose, place)
    near = 0 <= ahead < reach and abs(right) <= reach // 2
    return near and in_sight(memory.cells, pose[0], place)


def transparent(thing: Thing | None) -> bool:
    """Whether one can see past it."""
    return passable(thing) or (thing is not None and thing.kind in PORTABLE | {"lava"})


def in_sight(cells: Cells, here: Position, place: Position) -> bool:
    """Whether all cells on the straight line between two places are known and can be seen past."""
    dx, dy = place[0] - here[0], place[1] - here[1]
    steps = max(abs(dx), abs(dy))
    between = (
        (here[0] + round(dx * step / steps), here[1] + round(dy * step / steps))
        for step in range(1, steps)
    )
    return all(cell in cells and transparent(cells[cell]) for cell in between)
