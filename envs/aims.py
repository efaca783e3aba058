"""What an expert is up to: the link from the guide that chooses to the thought that says why."""

from dataclasses import dataclass
from enum import StrEnum

from envs.actions import Action
from envs.memory import Deed, Memory, Position, Thing

Description = tuple[str | None, str | None]
"""The kind and colour of what a mission names; None leaves either open."""


class Verb(StrEnum):
    """What is to be done with the thing aimed at."""

    GO_TO = "go to"
    PICK_UP = "pick up"
    OPEN = "open"
    CLOSE = "close"
    PUT_NEXT = "put next to"
    PUT_DOWN = "put down"
    EXPLORE = "explore"


@dataclass(frozen=True, slots=True)
class Aim:
    """The subgoal of a turn."""

    verb: Verb
    place: Position | None = None
    """Where it is, if that is known."""
    thing: Thing | None = None
    """What is there, as last seen."""
    purpose: str = ""
    """Why, where the mission alone does not say: "to unlock the red door"."""
    sought: Description | None = None
    """What all this is meant to find; None when nothing is missing."""
    done: Deed | None = None
    """The part of the mission that was finished last."""


@dataclass(frozen=True, slots=True)
class Step:
    """An action and the aim behind it."""

    action: Action
    aim: Aim


def purpose(thing: Thing | None, memory: Memory) -> str:
    """Why something is picked up that the mission does not ask for."""
    if thing and thing.kind == "key":
        for place in memory.find("door", thing.colour):
            if memory.cells[place] == Thing("door", thing.colour, "locked"):
                return f"to unlock the {thing.colour} door"
    return "to clear the way"
