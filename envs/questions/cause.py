"""The family about what can be done and why: what an action does, and would have done."""

from dataclasses import dataclass, replace

import numpy as np
from minigrid.core.world_object import Ball, Door, Key, WorldObj

from envs.actions import Action
from envs.mixed_level import MixedLevel
from envs.questions.item import Item, Perspective, item
from envs.questions.scenes import set_up
from envs.senses import COLOURS

NOTHING = "nothing changes"


@dataclass(frozen=True, slots=True)
class _Case:
    """Where one stands, and what one does there."""

    front: str
    """"nothing", a ball, or a door with its state"""
    hands: str
    """"nothing", a ball or a key"""
    action: Action

    def outcome(self) -> bool:
        """Whether the action changes anything: MiniGrid itself is asked."""
        level = _LEVEL
        set_up(level, seed=0)
        x, y = level.front_pos
        ahead = int(x), int(y)
        level.grid.set(*ahead, _made(self.front))
        level.carrying = _made(self.hands)  # type: ignore[assignment]
        before = _state(level, ahead)
        level.step(self.action)
        return _state(level, ahead) != before

    def effect(self, who: str) -> str:
        """What the action does where it does anything."""
        match self.action:
            case Action.FORWARD:
                return "one cell is gained"
            case Action.PICKUP:
                return f"{who} the {self.front}"
            case Action.DROP:
                return f"the {self.hands} lies ahead"
        return "the door opens"


def affordance_and_cause(
    random: np.random.Generator, difficulty: int, perspective: Perspective
) -> Item:
    """What an action does (1), or would have done had one thing been otherwise (2)."""
    you = perspective is Perspective.EGOCENTRIC
    subject, holds = ("You", "you hold") if you else ("The robot", "the robot holds")
    wanted, was = (bool(bit) for bit in random.integers(2, size=2))
    action = list(_DEEDS)[int(random.integers(len(_DEEDS)))]
    case = asked = _draw(random, wanted if difficulty == 1 else was, action)
    deed = f"{subject} {_DEEDS[action][not you]}."
    question = f"{_told(case, you)} {deed} What happens?"
    if difficulty == 2:
        # Not every case has one that differs in one thing and comes out as wanted.
        while (asked := _otherwise(random, case)) is case or asked.outcome() is not wanted:
            case = _draw(random, was, action)
        happened = case.effect(holds) if was else NOTHING
        question = (
            f"{_told(case, you)} {deed} Then {happened}. What would have happened, had "
            f"{_difference(case, asked, you)}?"
        )
    effect = asked.effect(holds)
    right, wrong = (effect, NOTHING) if wanted else (NOTHING, effect)
    return item(
        random,
        "affordance and cause",
        difficulty,
        perspective,
        question,
        right,
        [wrong],
        f"Ahead is {_a(asked.front)}, in hand is {_a(asked.hands)}: {right}.",
    )


_DEEDS = {
    Action.FORWARD: ("go forward", "goes forward"),
    Action.PICKUP: ("pick up", "picks up"),
    Action.DROP: ("drop", "drops"),
    Action.TOGGLE: ("toggle", "toggles"),
}

_LEVEL = MixedLevel(kinds=("goto",), distractors=0)


def _draw(random: np.random.Generator, outcome: bool, action: Action) -> _Case:
    """A case of this outcome."""
    while True:
        case = _Case(_front(random), _hands(random), action)
        if _asks(case) and case.outcome() is outcome:
            return case


def _asks(case: _Case) -> bool:
    """Whether the case is worth a question: either outcome is thinkable, whatever is told of it."""
    match case.action:
        case Action.PICKUP:
            return case.front.endswith("ball")
        case Action.DROP:
            return case.hands != "nothing"
        case Action.TOGGLE:
            return case.front.endswith("door") and not case.front.startswith("open")
    return True


def _otherwise(random: np.random.Generator, case: _Case) -> _Case:
    """The case with one thing changed; the case itself where that would ask nothing."""
    if random.random() < 0.5:
        other = replace(case, front=_front(random))
    else:
        other = replace(case, hands=_hands(random))
    return other if _asks(other) else case


def _difference(case: _Case, other: _Case, you: bool) -> str:
    if case.front != other.front:
        return f"there been {_a(other.front)} ahead"
    return f"{'you' if you else 'the robot'} held {_a(other.hands)}"


def _front(random: np.random.Generator) -> str:
    kind = int(random.integers(5))
    colour = COLOURS[int(random.integers(len(COLOURS)))]
    return ("nothing", f"{colour} ball", *(f"{s} {colour} door" for s in _STATES))[kind]


def _hands(random: np.random.Generator) -> str:
    kind = int(random.integers(3))
    colour = COLOURS[int(random.integers(len(COLOURS)))]
    return ("nothing", f"{colour} ball", f"{colour} key")[kind]


_STATES = ("open", "closed", "locked")


def _made(words: str) -> WorldObj | None:
    """The thing of these words."""
    *state, colour, kind = ("", "", *words.split())
    match kind:
        case "ball":
            return Ball(colour)
        case "key":
            return Key(colour)
        case "door":
            return Door(colour, is_open=state[-1] == "open", is_locked=state[-1] == "locked")
    return None


def _state(level: MixedLevel, ahead: tuple[int, int]) -> tuple[object, ...]:
    thing = level.grid.get(*ahead)
    held = level.carrying
    return tuple(level.agent_pos), held, thing, thing and thing.encode()


def _told(case: _Case, you: bool) -> str:
    if you:
        return f"You see {_a(case.front)} 1 ahead. You carry {_a(case.hands)}."
    return f"Before a robot is {_a(case.front)}. It carries {_a(case.hands)}."


def _a(words: str) -> str:
    if words == "nothing":
        return words
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
