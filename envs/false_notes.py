"""Notes that are not true, where one can know better.

Who imitates a teacher whose notes are always right learns to go by them, and not to look: its first
mistake then stays (docs/LOG.md). A note can be wrong about where a thing is, which thing is meant,
and what is done of the mission. All texts here are in plain words.
"""

import re

import numpy as np

from envs.mixed_level import MOVABLE, pairs
from envs.senses import SIZE
from envs.thoughts import DID, PLACE, where

_THING = rf"(?<=I see the )\S.*?(?= {PLACE}| nowhere)"
_KNOWN = rf"(?<=I see the )\S.*?(?= {PLACE}| nowhere, look \d, so)"
"""A thing of which a thought tells nothing that only a note can tell."""
_OTHER_DEED = {"go to": DID["pick up"], "pick up": DID["reach"]}
_THINGS = [f"{colour} {kind}" for colour, kind in pairs("train", (*MOVABLE, "door"))]


def falsify(note: str, reply: str, mission: str, random: np.random.Generator) -> str:
    """A note that is wrong about what is known without it now.

    Args:
        note: the thought of the turn before.
        reply: of this turn, which is true.
        mission: of the episode.
        random: what is wrong is drawn from it.
    """
    known = re.search(_KNOWN, reply)
    if known is None:
        return note
    note = misplaced(note, random)
    if known[0] in mission and random.random() < 0.3:
        note = _misnamed(note, known[0], mission, random)
        if random.random() < 0.5:
            note = _premature(note, reply, known[0], mission)
    return note


def misplaced(note: str, random: np.random.Generator) -> str:
    """A note that puts what it sees somewhere else in view, at random.

    >>> misplaced("I see the red box 2 ahead, so I go forward.", np.random.default_rng(0))
    'I see the red box 5 ahead 1 left, so I go forward.'
    """
    return re.sub(PLACE, lambda _: _somewhere(random), note)


def _somewhere(random: np.random.Generator) -> str:
    """Anywhere in view, except where the body stands."""
    cell = int(random.integers(1, SIZE * SIZE))
    ahead, right = divmod(cell, SIZE)
    return where(ahead, right if right <= SIZE // 2 else right - SIZE)


def _misnamed(note: str, thing: str, mission: str, random: np.random.Generator) -> str:
    """A note about another thing: one that the mission names, too, or one much like it."""
    words = set(thing.split())
    like = [other for other in _THINGS if len(words & {*other.split()}) == 1]
    named = [other for other in _THINGS if other in mission and other != thing]
    meant = named if named and random.random() < 0.5 else like
    return re.sub(_THING, meant[int(random.integers(len(meant)))], note)


def _premature(note: str, reply: str, thing: str, mission: str) -> str:
    """A note that takes a part of the mission for done, by something that it does not ask for."""
    part = re.search(rf"(go to|pick up) (?:a|the) {thing}\b", mission)
    parts = re.search(", then | after you ", mission)
    if not parts or part is None or "I have " in note + reply:
        return note
    return f"{_OTHER_DEED[part[1]].format(thing=thing)} {note}"
