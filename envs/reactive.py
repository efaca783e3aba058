"""A rule without memory or plan: a ruler for tasks. Where it succeeds, no mind is needed."""

import re
from collections.abc import Iterator

from envs.senses import COLOURS, Senses, Sighting

_NAMED = re.compile(rf"(?:\b({'|'.join(COLOURS)}) )?\b(ball|box|key|door|goal|object)\b")
_AT_TARGET = (
    (re.compile(r"\b(?:pick up|get a|get the|fetch|put)\b"), "pick up"),
    (re.compile(r"\bopen\b"), "toggle"),
)


def reactive_action(mission: str, senses: Senses) -> str:
    """What the rule does: turn until a thing that the mission names is in view, go to the nearest
    one, and there pick it up or toggle it if the mission says so.

    It goes forward while the thing is ahead, whatever stands between, and then turns to it.

    Args:
        mission: the instruction; every "ball", "red ball" or "red object" in it names a target.
        senses: what is sensed on this turn.

    Returns:
        One of MiniGrid's actions in canonical words: "turn left", ..., "toggle".
    """
    targets = [sighting for sighting in senses.sightings if _is_named(sighting, mission)]
    if not targets:
        return "turn left"
    nearest = targets[0]
    if nearest.ahead == 0:
        return "turn left" if nearest.right < 0 else "turn right"
    if (nearest.ahead, nearest.right) == (1, 0):
        return next((word for verb, word in _AT_TARGET if verb.search(mission)), "go forward")
    return "go forward"


def named(mission: str) -> Iterator[tuple[str | None, str | None]]:
    """The (kind, colour) of each thing that a mission names; None where it leaves one open.

    >>> list(named("put the red ball next to a box after you open a green object"))
    [('ball', 'red'), ('box', None), (None, 'green')]
    """
    for colour, kind in _NAMED.findall(mission):
        yield (None if kind == "object" else kind), (colour or None)


def _is_named(sighting: Sighting, mission: str) -> bool:
    return any(
        kind in (None, sighting.kind) and colour in (None, sighting.colour)
        for kind, colour in named(mission)
    )
