"""The words for an aim."""

import pytest

from envs.actions import Action
from envs.aims import Aim, Step, Verb
from envs.memory import Deed, Memory, Thing
from envs.thoughts import Told, tell, think
from tests.support.maps import draw

EAST = 0
BALL, KEY, DOOR = Thing("ball", "red"), Thing("key", "yellow"), Thing("door", "yellow", "locked")
GO_TO_BALL = Step(Action.LEFT, Aim(Verb.GO_TO, (3, 1), BALL))


def said(step: Step, memory: Memory) -> str:
    """The first thought of an episode."""
    return think(step, memory, tell(step.aim, memory, Told()))


@pytest.fixture
def memory() -> Memory:
    memory = Memory()
    memory.cells = draw(
        "#######",
        "#..b.D#",
        "#.x.k.#",
        "#######",
    )
    memory.in_view = frozenset(memory.cells)
    memory.pose = ((1, 2), EAST)
    return memory


@pytest.mark.parametrize(
    ("action", "aim", "thought"),
    [
        (
            Action.FORWARD,
            Aim(Verb.GO_TO, (3, 1), BALL),
            "I see the red ball 2 ahead 1 left, so I go forward.",
        ),
        (
            Action.LEFT,
            Aim(Verb.GO_TO, (3, 1), BALL),
            "I see the red ball 2 ahead 1 left, but the blue box is in the way, so I turn left.",
        ),
        (
            Action.LEFT,
            Aim(Verb.EXPLORE, sought=("ball", "green")),
            "I see the green ball nowhere, look 1, so I turn left.",
        ),
        (
            Action.FORWARD,
            Aim(Verb.PICK_UP, (4, 2), KEY, "to unlock the yellow door", ("goal", "green")),
            "I see the green goal nowhere. "
            "I see the yellow key 3 ahead, so I go forward to unlock the yellow door.",
        ),
        (
            Action.LEFT,
            Aim(Verb.GO_TO, (5, 1), DOOR, done=Deed("pick up", BALL)),
            "I have picked up the red ball. I see the locked yellow door 4 ahead 1 left, "
            "but the blue box is in the way, so I turn left.",
        ),
        (Action.DROP, Aim(Verb.PUT_DOWN, (2, 2)), "The place ahead is free, so I drop it here."),
        (
            Action.DROP,
            Aim(Verb.PUT_NEXT, (3, 1), BALL),
            "I see the red ball 2 ahead 1 left, the free place ahead is beside it, "
            "so I drop it here.",
        ),
    ],
)
def test_thoughts_name_where_it_is_why_and_what_is_done(memory, action, aim, thought):
    assert said(Step(action, aim), memory) == thought


def out_of_view(memory: Memory, last: Told) -> Told:
    memory.in_view = frozenset()
    return tell(GO_TO_BALL.aim, memory, last)


def test_what_the_last_thought_told_of_is_followed_out_of_view(memory):
    memory.pose = ((4, 1), EAST)
    for look in range(1, 5):
        told = out_of_view(memory, Told((3, 1), looks=look - 1))
        thought = think(GO_TO_BALL, memory, told)
        should = f"look {look}, it should be behind me"
        assert thought == f"I see the red ball nowhere, {should}, so I turn left."


@pytest.mark.parametrize(
    ("last", "look"), [(Told(), 1), (Told((1, 1)), 1), (Told((3, 1), 4), 5), (Told(looks=2), 3)]
)
def test_what_it_did_not_tell_of_or_not_for_long_is_looked_for(memory, last, look):
    thought = think(GO_TO_BALL, memory, out_of_view(memory, last))
    assert thought == f"I see the red ball nowhere, look {look}, so I turn left."


def test_who_sees_another_such_thing_does_not_say_that_there_is_none(memory):
    memory.cells[(4, 1)] = BALL
    memory.in_view = frozenset({(4, 1)})
    told = tell(GO_TO_BALL.aim, memory, Told((3, 1)))
    assert think(GO_TO_BALL, memory, told) == "I look around, look 1, so I turn left."


def test_looks_are_counted_to_nine(memory):
    thought = think(GO_TO_BALL, memory, out_of_view(memory, Told(looks=30)))
    assert thought == "I see the red ball nowhere, look 9, so I turn left."


def test_what_is_carried_is_told(memory):
    memory.carried = KEY
    thought = said(Step(Action.FORWARD, Aim(Verb.OPEN, (5, 1), DOOR)), memory)
    assert thought.startswith("I carry the yellow key. ")
