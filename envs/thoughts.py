"""The words of an expert: why this action, from what has been observed.

A thought has up to three sentences. The first ones say how the mission stands, where there is
something to say beside the present aim: what is done of it, what is carried or not found yet. The
last says where the thing aimed at is and ends with the action, which it explains. The words are
few, so that a small model learns them from a hundred episodes, and follow one grammar, so that
`envs.claims` can read every thought back and check it.

There is one way to say each thing. Where a mind chooses among equal words, the choice earns
nothing, and is noise in all that it learns from reward (docs/LOG.md).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from envs.actions import Action
from envs.aims import Aim, Step, Verb
from envs.memory import Memory, Position, ahead_of, offset
from envs.planner import passable

DOING = {
    Action.LEFT: "turn left",
    Action.RIGHT: "turn right",
    Action.FORWARD: "go forward",
    Action.PICKUP: "pick it up",
    Action.DROP: "drop it here",
    Action.TOGGLE: "toggle it",
    Action.DONE: "am done",
}
"""How a thought names an action, whatever the world calls it."""

DID = {
    "pick up": "I have picked up the {thing}.",
    "drop": "I have put down the {thing}.",
    "open": "I have opened the {thing}.",
    "reach": "I have been at the {thing}.",
}
CARRIED = "I carry the {thing}."
UNSEEN = "I see the {sought} nowhere."
SEEN = "I still look for the {sought}."

IN_VIEW = "I see the {thing} {where}, {so}."
OBSTRUCTED = "I see the {thing} {where}, but the {block} is in the way, {so}."
ROUNDABOUT = "I see the {thing} {where}, but the way there is blocked, {so}."
BESIDE = "I see the {thing} {where}, I need a free place beside it, {so}."
OUT_OF_VIEW = "I see the {thing} nowhere, look {look}, it should be {side}, {so}."
NOWHERE = "I see the {sought} nowhere, look {look}, {so}."
PUT_NEXT = "I see the {thing} {where}, the free place ahead is beside it, {so}."
PUT_DOWN = "The place ahead is free, {so}."
FREE_PLACE = "I look for a free place, {so}."
EXPLORE = "I look around, look {look}, {so}."

MOST_LOOKS = 9
"""So far is counted: more are told as so many."""

FORGET = 4
"""Looks after which nobody knows any more where a thing should be."""

PLACE = r"\d+ (?:ahead|left|right)(?: \d+ (?:left|right))?"
"""What `where` says."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a thought tells of the thing aimed at."""

    place: Position | None = None
    """where it is or should be"""
    looks: int = 0
    """on how many turns up to this one it was not in view"""


def tell(aim: Aim, memory: Memory, last: Told) -> Told:
    """What there is to tell after a thought that told `last`.

    Of what is out of view, no more is told than is known to one who remembers the last thought, and
    that for `FORGET` looks; where another such thing is in view, nothing. Who imitates a teacher
    that knows more learns to make things up (docs/LOG.md).
    """
    if aim.verb is Verb.PUT_DOWN:
        return Told()
    if aim.place in memory.in_view and aim.thing is not None:
        return Told(aim.place)
    looks = last.looks + 1
    thing = aim.thing
    another = thing is not None and memory.sees(thing.kind, thing.colour)
    followed = aim.place == last.place and looks <= FORGET and not another
    return Told(aim.place if followed else None, looks)


def think(step: Step, memory: Memory, told: Told, done: Action | None = None) -> str:
    """A thought that ends in `step.action`, true of `memory`.

    It names a thing first, then tells where it is, and then what follows from that: a small mind
    that writes what it is to do must have read before it writes.

    Args:
        step: what is right to do.
        memory: what has been observed.
        told: what it tells of the thing aimed at.
        done: what is done all the same, if that is another action.
    """
    if told.looks and told.place is None:
        step = replace(step, aim=_searching(step.aim))
    reason = _reason(step, memory, told, step.action if done is None else done)
    return " ".join((*_standing(step.aim, memory), reason))


def _searching(aim: Aim) -> Aim:
    """The aim of one who does not know where the thing is."""
    sought = aim.sought
    if sought is None and aim.thing is not None:
        sought = aim.thing.kind, aim.thing.colour
    return Aim(Verb.EXPLORE, sought=sought, done=aim.done)


def _standing(aim: Aim, memory: Memory) -> Iterator[str]:
    """How the mission stands: what is done of it, and what is missing or carried."""
    done, carried = aim.done, memory.carried
    if done:
        yield DID[done.verb].format(thing=describe(done.thing.kind, done.thing.colour))
    if aim.sought and aim.verb is not Verb.EXPLORE:
        found = memory.sees(*aim.sought)
        yield (SEEN if found else UNSEEN).format(sought=describe(*aim.sought))
    elif carried and aim.verb is not Verb.PICK_UP and not (done and done.thing == carried):
        yield CARRIED.format(thing=carried)


def _reason(step: Step, memory: Memory, told: Told, done: Action) -> str:
    """Where the thing aimed at is, and what is therefore done."""
    template, words = _case(step, memory, told)
    purpose = f" {step.aim.purpose}" if step.aim.purpose else ""
    return template.format(so=f"so I {DOING[done]}{purpose}", **words)


def _case(step: Step, memory: Memory, told: Told) -> tuple[str, dict[str, str]]:
    """The sentence for a step, and what fills it."""
    aim, pose = step.aim, memory.pose
    if aim.verb is Verb.PUT_DOWN:
        return (PUT_DOWN if step.action is Action.DROP else FREE_PLACE), {}
    words = {"look": str(min(told.looks, MOST_LOOKS))}
    if aim.place is None or aim.thing is None:
        if aim.sought is None or memory.sees(*aim.sought):
            return EXPLORE, words
        return NOWHERE, words | {"sought": describe(*aim.sought)}
    words["thing"] = str(aim.thing)
    ahead, right = offset(pose, aim.place)
    if told.looks:
        return OUT_OF_VIEW, words | {"side": side(ahead, right)}
    words["where"] = where(ahead, right)
    if step.action is Action.DROP:
        return PUT_NEXT, words
    if straight_on(step.action, ahead, right):
        return IN_VIEW, words
    if not passable(memory.front) and ahead_of(pose) != aim.place:
        return OBSTRUCTED, words | {"block": str(memory.front)}
    return (BESIDE if aim.verb is Verb.PUT_NEXT else ROUNDABOUT), words


def numbered(thought: str, place: int) -> str:
    """A thought that ends in the number of its action, which stands at this place of the list.

    >>> numbered("I look around, look 1, so I turn right.", 1)
    'I look around, look 1, so I turn right. 2'
    """
    return f"{thought} {place + 1}"


def unnumbered(thought: str) -> str:
    """A thought without the number at its end, which tells its action and claims nothing.

    >>> unnumbered("I look around, look 1, so I turn left. 1")
    'I look around, look 1, so I turn left.'
    """
    return re.sub(r"(?<=\.) \d+$", "", thought)


def describe(kind: str | None, colour: str | None) -> str:
    """What is looked for, in words.

    >>> describe("ball", None), describe(None, "red")
    ('ball', 'red object')
    """
    return " ".join(filter(None, (colour, kind or "object")))


def where(ahead: int, right: int) -> str:
    """An offset in words, as observations in the phrasing "sentences" have it.

    >>> where(2, -1), where(0, 3)
    ('2 ahead 1 left', '3 right')
    """
    parts = [f"{ahead} ahead"] if ahead else []
    if right:
        parts.append(f"{abs(right)} {'right' if right > 0 else 'left'}")
    return " ".join(parts)


def side(ahead: int, right: int) -> str:
    """The side on which something out of view is.

    >>> side(-2, 1), side(1, -5), side(7, 2)
    ('behind me', 'to my left', 'ahead of me')
    """
    if abs(right) > abs(ahead):
        return "to my right" if right > 0 else "to my left"
    return "ahead of me" if ahead > 0 else "behind me"


def straight_on(action: Action, ahead: int, right: int) -> bool:
    """Whether an action is the plain one toward a place in view: forward until it is beside, a turn
    to it, forward again. Whatever else is done, is done to what is in front.

    >>> straight_on(Action.FORWARD, 2, -1), straight_on(Action.LEFT, 2, -1)
    (True, False)
    """
    if action is Action.FORWARD:
        return ahead > 0
    if action in (Action.LEFT, Action.RIGHT):
        return ahead == 0 and (right > 0) == (action is Action.RIGHT)
    return True
