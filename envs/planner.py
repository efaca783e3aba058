"""Shortest plans in turns, on a map of what has been seen.

One breadth-first search does it all. Its states are a pose, what is carried and how the map was
changed on the way (doors opened, things taken or put down), so that "fetch the key, unlock the
door, put the key down, take the box" is one shortest path like any other. Ties go to walking
forward first, then to the left: with a clear way to a visible target that is "straight until it is
beside you, then turn", and the target stays in view.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from envs.actions import Action
from envs.memory import PORTABLE, Pose, Position, Thing, ahead_of

Cells = Mapping[Position, Thing | None]
"""What the known places hold; None is free floor."""

Changes = tuple[tuple[Position, Thing | None], ...]
"""Places that no longer hold what the map says, in their order."""


class State(NamedTuple):
    """Where a plan has got to."""

    pose: Pose
    carried: Thing | None = None
    changes: Changes = ()


Worth = Callable[[State], int]
"""What a plan that ends in a state is worth: 0 means that it is not the end."""


class Plan(NamedTuple):
    """A shortest way to what was wanted."""

    actions: tuple[Action, ...]
    states: tuple[State, ...]
    """The states passed through, the start first: one more than there are actions."""


class Planner:
    """Searches the known map.

    wanted: which things may be picked up on the way; None: only walking. Fewer wanted things make
    a smaller search. Unseen cells, walls, lava and things are no way through.
    """

    def __init__(self, cells: Cells, wanted: Callable[[Thing], bool] | None = None) -> None:
        self.cells = cells
        self.wanted = wanted
        self._wanted_here = {t for t in cells.values() if t is not None and wanted and wanted(t)}

    def search(self, start: State, worth: Worth, limit: int = 20_000) -> Plan | None:
        """The shortest plan to a state worth something, among equally short ones to the best.

        None when there is none, or none within `limit` states.
        """
        came_from: dict[State, tuple[State, Action] | None] = {start: None}
        layer = [start]
        while layer and len(came_from) < limit:
            best = max(layer, key=worth)
            if worth(best):
                return _unwind(best, came_from)
            next_layer = []
            for state in layer:
                for action, following in self.next_states(state):
                    if following not in came_from:
                        came_from[following] = (state, action)
                        next_layer.append(following)
            layer = next_layer
        return None

    def holds(self, state: State, place: Position) -> Thing | None:
        """What a known place holds once the plan is there."""
        for changed, thing in state.changes:
            if changed == place:
                return thing
        return self.cells[place]

    def next_states(self, state: State) -> list[tuple[Action, State]]:
        """What can be done in a state, and what it leads to."""
        pose, carried, changes = state
        here, heading = pose
        following = []
        front = ahead_of(pose)
        known = front in self.cells
        thing = self.holds(state, front) if known else None
        if known and passable(thing):
            following.append((Action.FORWARD, State((front, heading), carried, changes)))
        turns = ((Action.LEFT, (heading - 1) % 4), (Action.RIGHT, (heading + 1) % 4))
        following += [(turn, State((here, to), carried, changes)) for turn, to in turns]
        if not known or self.wanted is None:
            return following
        if thing is None:
            # Hands are only emptied for something else that is wanted.
            if carried and self._wanted_here - {carried}:
                changed = _change(changes, front, carried)
                following.append((Action.DROP, State(pose, None, changed)))
        elif thing.kind in PORTABLE:
            if not carried and self.wanted(thing):
                changed = _change(changes, front, None)
                following.append((Action.PICKUP, State(pose, thing, changed)))
        elif opens(thing, carried):
            changed = _change(changes, front, Thing("door", thing.colour, "open"))
            following.append((Action.TOGGLE, State(pose, carried, changed)))
        return following


def passable(thing: Thing | None) -> bool:
    """Whether one can stand where this is."""
    return thing is None or thing.state == "open" or thing.kind == "goal"


def opens(door: Thing, carried: Thing | None) -> bool:
    """Whether toggling this door, carrying that, opens it."""
    fits = carried is not None and carried.matches("key", door.colour)
    return door.state == "closed" or (door.state == "locked" and fits)


def walk(cells: Cells, pose: Pose, worth: Callable[[Pose], int]) -> Plan | None:
    """The shortest walk, nothing touched, to a pose worth something."""
    return Planner(cells).search(State(pose), lambda state: worth(state.pose))


def facing(place: Position) -> Callable[[Pose], int]:
    """Wants a pose that looks at a neighbouring place."""
    return lambda pose: ahead_of(pose) == place


def facing_beside(cells: Cells, place: Position) -> Callable[[Pose], int]:
    """Wants a pose that looks at a free cell beside a place: there a thing is put next to it."""

    def worth(pose: Pose) -> int:
        x, y = front = ahead_of(pose)
        beside = abs(x - place[0]) + abs(y - place[1]) == 1
        return beside and front in cells and cells[front] is None

    return worth


def _change(changes: Changes, place: Position, thing: Thing | None) -> Changes:
    kept = [change for change in changes if change[0] != place]
    return tuple(sorted([*kept, (place, thing)], key=lambda change: change[0]))


def _unwind(state: State, came_from: Mapping[State, tuple[State, Action] | None]) -> Plan:
    actions: list[Action] = []
    states = [state]
    while step := came_from[states[-1]]:
        states.append(step[0])
        actions.append(step[1])
    return Plan(tuple(reversed(actions)), tuple(reversed(states)))
