"""What a thought claims, and whether that had been observed.

An expert may say only what it could know. Every sentence of an expert's thought is one of the forms
below; a sentence of any other form is an error, so that nothing goes unchecked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from envs.memory import Memory, Position, ahead_of, offset, turned
from envs.planner import passable
from envs.thoughts import DOING, PLACE, side, unnumbered, where


class Fact(StrEnum):
    """What is claimed of a thing."""

    IN_VIEW = "is in view"
    OUT_OF_VIEW = "was seen before, and is out of view"
    NOT_IN_VIEW = "is not in view"
    SEEN = "has been seen"
    CARRIED = "is carried"
    IN_THE_WAY = "stands right ahead, where nobody can go"
    WAY_BLOCKED = "cannot be walked to straight and with one turn"
    BESIDE_AHEAD = "is beside the cell ahead"
    AHEAD_FREE = "the cell ahead is free"
    PICKED_UP = "pick up"
    PUT_DOWN = "drop"
    OPENED = "open"
    REACHED = "reach"
    INTENDED = "is what I do now"


_DEEDS = (Fact.PICKED_UP, Fact.PUT_DOWN, Fact.OPENED, Fact.REACHED)


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a thought says."""

    fact: Fact
    thing: str = ""
    """The thing in words: "red ball", "locked blue door"; for an intent the action."""
    where: str = ""
    """Its offset ("2 ahead 1 left") or side ("behind me")."""


_STANDING = {
    r"I see the (\S.*) nowhere": Fact.NOT_IN_VIEW,
    r"I still look for the (\S.*)": Fact.SEEN,
    r"I have picked up the (\S.*)": Fact.PICKED_UP,
    r"I have put down the (\S.*)": Fact.PUT_DOWN,
    r"I have opened the (\S.*)": Fact.OPENED,
    r"I have been at the (\S.*)": Fact.REACHED,
    r"I carry the (\S.*)": Fact.CARRIED,
}
_SIDE = r"behind me|ahead of me|to my left|to my right"
_REASONS = {
    rf"I see the (\S.*?) ({PLACE})": Fact.IN_VIEW,
    rf"I see the (\S.*) nowhere, look \d, it should be ({_SIDE})": Fact.OUT_OF_VIEW,
    r"I see the (\S.*) nowhere, look \d": Fact.NOT_IN_VIEW,
    r"The place ahead is free()": Fact.AHEAD_FREE,
}
_OF_THAT = {
    "but the way there is blocked": Fact.WAY_BLOCKED,
    "the free place ahead is beside it": Fact.BESIDE_AHEAD,
}
"""What is said of the thing that was just told to be in view."""
_NO_REASONS = re.compile(r"I look around, look \d|I look for a free place")
_END = re.compile(
    r"(?P<reason>.+?)"
    r"(?:, (?P<but>but .+|I need a free place beside it|the free place ahead is beside it))?, so I "
    rf"(?P<action>{'|'.join(DOING.values())})(?: to (?P<purpose>.+))?"
)


def read_claims(thought: str) -> tuple[Claim, ...]:
    """The claims of an expert's thought, in their order.

    >>> thought = "I carry the red key. I see the blue door 2 left, so I turn left."
    >>> for claim in read_claims(thought):
    ...     print(claim)
    Claim(fact=<Fact.CARRIED: 'is carried'>, thing='red key', where='')
    Claim(fact=<Fact.IN_VIEW: 'is in view'>, thing='blue door', where='2 left')
    Claim(fact=<Fact.INTENDED: 'is what I do now'>, thing='turn left', where='')

    Raises ValueError for a sentence that is none of an expert's.
    """
    *standing, reason = unnumbered(thought).removesuffix(".").split(". ")
    claims = [_first_claim(sentence, _STANDING) for sentence in standing]
    end = _END.fullmatch(reason)
    if end is None:
        raise _no_such(reason)
    if not _NO_REASONS.fullmatch(end["reason"]):
        claims.append(_first_claim(end["reason"], _REASONS))
    claims += _obstacle(end["but"] or "", claims)
    claims += _purpose(end["purpose"] or "")
    return (*claims, Claim(Fact.INTENDED, end["action"]))


def claims_in(thought: str) -> tuple[Claim, ...]:
    """The same; none where the thought is in words of its own."""
    try:
        return read_claims(thought)
    except ValueError:
        return ()


def check(claim: Claim, memory: Memory) -> bool | None:
    """Whether a claim holds of what was observed up to now; None for an intent."""
    thing, fact = claim.thing, claim.fact
    if fact is Fact.INTENDED:
        return None
    if fact is Fact.CARRIED:
        return str(memory.carried) == thing
    if fact in _DEEDS:
        kind, colour = _description(thing)
        return any(deed.verb == fact and deed.thing.matches(kind, colour) for deed in memory.deeds)
    if fact is Fact.SEEN:
        return memory.ever_saw(*_description(thing))
    if fact is Fact.NOT_IN_VIEW:
        return not memory.sees(*_description(thing))
    if fact is Fact.IN_THE_WAY:
        return str(memory.front) == thing and not passable(memory.front)
    if fact is Fact.AHEAD_FREE:
        return _known_free(memory, ahead_of(memory.pose))
    return any(_holds_at(claim, place, memory) for place in _places(claim.thing, memory))


def _holds_at(claim: Claim, place: Position, memory: Memory) -> bool:
    """Whether a claim about where a thing is holds of one at this place."""
    ahead, right = offset(memory.pose, place)
    match claim.fact:
        case Fact.IN_VIEW:
            return place in memory.in_view and where(ahead, right) == claim.where
        case Fact.OUT_OF_VIEW:
            hidden = memory.in_view.isdisjoint(_places(claim.thing, memory))
            return hidden and side(ahead, right) == claim.where
        case Fact.WAY_BLOCKED:
            return where(ahead, right) == claim.where and way_blocked(memory, place)
        case Fact.BESIDE_AHEAD:
            x, y = ahead_of(memory.pose)
            beside = abs(place[0] - x) + abs(place[1] - y) == 1
            there = where(ahead, right) == claim.where
            return there and beside and _known_free(memory, (x, y))
    raise AssertionError(claim.fact)


def way_blocked(memory: Memory, place: Position) -> bool:
    """Whether one cannot walk straight until beside a place, turn to it, and walk up to it."""
    pose = memory.pose
    for _ in range(abs(pose[0][0] - place[0]) + abs(pose[0][1] - place[1]) - 1):
        ahead, right = offset(pose, place)
        if ahead == 0:
            pose = turned(pose, 1 if right > 0 else -1)
        pose = (ahead_of(pose), pose[1])
        if not _known_free(memory, pose[0]):
            return True
    return False


def _known_free(memory: Memory, place: Position) -> bool:
    return place in memory.cells and passable(memory.cells[place])


def _places(thing: str, memory: Memory) -> Iterable[Position]:
    return [place for place, seen in memory.cells.items() if str(seen) == thing]


def _description(words: str) -> tuple[str | None, str | None]:
    """The (kind, colour) of a thing looked for; None for what is left open."""
    *colour, kind = words.split()
    return (None if kind == "object" else kind), (colour[0] if colour else None)


def _first_claim(sentence: str, forms: dict[str, Fact]) -> Claim:
    for form, fact in forms.items():
        if found := re.fullmatch(form, sentence):
            return Claim(fact, *found.groups())
    raise _no_such(sentence)


def _obstacle(but: str, claims: list[Claim]) -> list[Claim]:
    """What a clause behind a place says of the thing there, or of the way to it."""
    if found := re.fullmatch(r"but the (\S.*) is in the way", but):
        return [Claim(Fact.IN_THE_WAY, found[1])]
    if but in _OF_THAT:
        if not claims or claims[-1].fact is not Fact.IN_VIEW:
            raise _no_such(but)  # of what?
        return [Claim(_OF_THAT[but], claims[-1].thing, claims[-1].where)]
    return []


def _purpose(purpose: str) -> list[Claim]:
    """A door to unlock is claimed to have been seen; other purposes are intents."""
    found = re.fullmatch(r"unlock the (\S.*) door", purpose)
    return [Claim(Fact.SEEN, f"{found[1]} door")] if found else []


def _no_such(sentence: str) -> ValueError:
    return ValueError(f"expected a sentence of an expert's thought, got {sentence!r}.")
