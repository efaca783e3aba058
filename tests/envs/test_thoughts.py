"""The words for an aim."""

import pytest

from envs.actions import Action
from envs.aims import Aim, Step, Verb
from envs.memory import Deed, Memory, Thing
from envs.thoughts import think
from tests.support.maps import draw

EAST = 0
BALL, KEY, DOOR = Thing("ball", "red"), Thing("key", "yellow"), Thing("door", "yellow", "locked")


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
            "I see the green ball nowhere so far. I look around, so I turn left.",
        ),
        (
            Action.FORWARD,
            Aim(Verb.PICK_UP, (4, 2), KEY, "to unlock the yellow door", ("goal", "green")),
            "I see the green goal nowhere so far. "
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
            "The red ball is beside the free place ahead, so I drop it here.",
        ),
    ],
)
def test_thoughts_name_where_it_is_why_and_what_is_done(memory, action, aim, thought):
    assert think(Step(action, aim), memory) == thought


def test_what_is_out_of_view_is_told_as_something_past(memory):
    memory.in_view = frozenset()
    memory.pose = ((4, 1), EAST)
    thought = think(Step(Action.LEFT, Aim(Verb.GO_TO, (2, 2), BALL)), memory)
    assert thought == "I saw the red ball before, it should be behind me, so I turn left."


def test_what_is_carried_is_told(memory):
    memory.carried = KEY
    thought = think(Step(Action.FORWARD, Aim(Verb.OPEN, (5, 1), DOOR)), memory)
    assert thought.startswith("I carry the yellow key. ")
