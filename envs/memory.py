"""What has been observed so far in an episode: the map an expert plans on, and all it may speak of.

`Memory` sees exactly what the agent is shown, the encoded view in front of it, and keeps it with
its place. It never reads the world's grid, so a plan made on it, or a sentence checked against it,
cannot use what has not been seen.
"""

from dataclasses import dataclass

from minigrid.core.constants import DIR_TO_VEC, IDX_TO_COLOR, IDX_TO_OBJECT
from minigrid.minigrid_env import MiniGridEnv

from envs.senses import STATES, View, noun

Position = tuple[int, int]
"""(x, y), x growing to the east and y to the south."""

Pose = tuple[Position, int]
"""Where one stands and which way one looks: 0 east, 1 south, 2 west, 3 north."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What a cell holds.

    >>> str(Thing("ball", "red")), str(Thing("door", "blue", "locked"))
    ('red ball', 'locked blue door')
    """

    kind: str
    colour: str
    state: str | None = None
    """A door's: "open", "closed" or "locked"."""

    def __str__(self) -> str:
        return noun(self.kind, self.colour, self.state)

    def matches(self, kind: str | None, colour: str | None) -> bool:
        """Whether it has this kind and colour; None leaves either open."""
        return kind in (None, self.kind) and colour in (None, self.colour)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done."""

    verb: str
    """"pick up", "drop", "open", or "reach": stand before it."""
    thing: Thing


PORTABLE = frozenset({"key", "ball", "box"})
"""What can be picked up."""

DIRECTIONS: tuple[Position, ...] = tuple((int(x), int(y)) for x, y in DIR_TO_VEC)
"""One step along each heading."""


def ahead_of(pose: Pose) -> Position:
    """The cell in front.

    >>> ahead_of(((2, 2), 0))
    (3, 2)
    """
    (x, y), heading = pose
    dx, dy = DIRECTIONS[heading]
    return x + dx, y + dy


def turned(pose: Pose, turns: int) -> Pose:
    """The pose after so many turns to the right; negative: to the left.

    >>> turned(((2, 2), 0), -1)
    ((2, 2), 3)
    """
    here, heading = pose
    return here, (heading + turns) % 4


def offset(pose: Pose, place: Position) -> tuple[int, int]:
    """Steps ahead and steps to the right from a pose to a place; negative: behind, to the left.

    >>> offset(((2, 2), 0), (4, 1))
    (2, -1)
    """
    (x, y), heading = pose
    dx, dy = DIRECTIONS[heading]
    east, south = place[0] - x, place[1] - y
    return east * dx + south * dy, south * dx - east * dy


class Memory:
    """The cells seen so far and what one's own body went through."""

    def __init__(self) -> None:
        self.cells: dict[Position, Thing | None] = {}
        """Each cell ever seen, as it was last seen; None is free floor."""
        self.in_view: frozenset[Position] = frozenset()
        """The cells in view now."""
        self.pose: Pose = ((0, 0), 0)
        self.carried: Thing | None = None
        self.poses: set[Pose] = set()
        """Every pose taken so far: looking from there again shows nothing new."""
        self.deeds: list[Deed] = []
        """What was done so far, in order."""

    @property
    def front(self) -> Thing | None:
        """What is directly ahead, which is always in view; None for free floor."""
        return self.cells.get(ahead_of(self.pose))

    def find(self, kind: str | None, colour: str | None) -> list[Position]:
        """Where things like this were last seen, the nearest first."""
        (x, y), _ = self.pose
        places = [p for p, thing in self.cells.items() if thing and thing.matches(kind, colour)]
        return sorted(places, key=lambda p: (abs(p[0] - x) + abs(p[1] - y), p))

    def sees(self, kind: str | None, colour: str | None) -> bool:
        """Whether such a thing is in view."""
        return not self.in_view.isdisjoint(self.find(kind, colour))

    def ever_saw(self, kind: str | None, colour: str | None) -> bool:
        """Whether such a thing is known of: on the map, or in one's hands."""
        held = self.carried is not None and self.carried.matches(kind, colour)
        return held or bool(self.find(kind, colour))

    def observe(self, raw: MiniGridEnv) -> None:
        """Take in the view of this turn. Call it once a turn, after a reset and after each step."""
        pose_before, front_before, carried_before = self.pose, self.front, self.carried
        view = raw.gen_obs()["image"]
        x, y = raw.agent_pos
        self.pose = ((int(x), int(y)), int(raw.agent_dir))
        self._see(view)
        held = raw.carrying
        self.carried = Thing(held.type, held.color) if held else None
        self.poses.add(self.pose)
        front = self.front
        if self.carried and not carried_before:
            self.deeds.append(Deed("pick up", self.carried))
        if carried_before and not self.carried:
            self.deeds.append(Deed("drop", carried_before))
        if front and front.state == "open" and self.pose == pose_before and front != front_before:
            self.deeds.append(Deed("open", front))
        if front and Deed("reach", front) not in self.deeds[-1:]:
            self.deeds.append(Deed("reach", front))

    def _see(self, view: View) -> None:
        """Put the view on the map. `view[column, row]` is (kind, colour, state); the agent stands
        in the middle of the last row, where the view shows what it carries, not where it stands."""
        (x, y), heading = self.pose
        dx, dy = DIRECTIONS[heading]
        columns, rows, _ = view.shape
        seen = set()
        for column, row in zip(*view[:, :, 0].nonzero(), strict=True):
            ahead, right = rows - 1 - int(row), int(column) - columns // 2
            place = (x + dx * ahead - dy * right, y + dy * ahead + dx * right)
            seen.add(place)
            if (ahead, right) != (0, 0):
                self.cells[place] = _thing(*(int(number) for number in view[column, row]))
        self.cells.setdefault((x, y), None)
        self.in_view = frozenset(seen)


def _thing(kind: int, colour: int, state: int) -> Thing | None:
    name = IDX_TO_OBJECT[kind]
    if name in ("empty", "floor"):
        return None
    return Thing(name, IDX_TO_COLOR[colour], STATES[state] if name == "door" else None)
