"""Notes that are not true: what they get wrong, and what they leave."""

import re

import numpy as np
import pytest

from envs.false_notes import falsify
from envs.held_out import HELD_OUT
from envs.thoughts import PLACE

NOTE = "I see the red ball 3 ahead, so I go forward. 3"
SEEN = "I see the red ball 2 ahead, so I go forward. 3"
MISSION = "go to the red ball, then pick up the blue key"


def notes(reply: str = SEEN, mission: str = MISSION, note: str = NOTE, count: int = 600):
    random = np.random.default_rng(0)
    return [falsify(note, reply, mission, random) for _ in range(count)]


def thing(note: str) -> str:
    return re.search(rf"I see the (.*?) {PLACE}", note)[1]


def test_the_place_is_another_nearly_always():
    places = [re.search(PLACE, note)[0] for note in notes()]
    assert len(set(places)) > 40
    assert places.count("3 ahead") < 30


def test_things_are_named_otherwise_now_and_then_by_half_one_of_the_missions():
    others = [thing(note) for note in notes() if thing(note) != "red ball"]
    assert 0.2 * 600 < len(others) < 0.4 * 600
    assert 0.35 * len(others) < others.count("blue key") < 0.65 * len(others)
    for other in others:
        colour, kind = other.split()
        assert (colour, kind) not in HELD_OUT.combinations
        assert other == "blue key" or (colour == "red") != (kind == "ball")


@pytest.mark.parametrize(
    ("mission", "premature"),
    [
        (MISSION, "I have picked up the red ball. "),
        ("go to the blue key after you pick up the red ball", "I have been at the red ball. "),
    ],
)
def test_what_is_taken_for_done_is_not_what_the_mission_asks(mission, premature):
    taken = [note for note in notes(mission=mission) if note.startswith("I have ")]
    assert 0.1 * 600 < len(taken) < 0.2 * 600
    assert all(note.startswith(premature) for note in taken)


@pytest.mark.parametrize(
    "mission", ["go to the red ball", "put the red ball next to the blue key", "open the blue door"]
)
def test_a_mission_of_one_part_is_never_taken_for_done(mission):
    assert not any("I have" in note for note in notes(mission=mission))


def test_a_part_that_is_done_stays_so():
    done = "I have been at the red ball. "
    seen = done + "I see the blue key 2 ahead, so I go forward to pick it up. 3"
    assert all(note.startswith(done + "I see") for note in notes(seen, note=done + NOTE))


def test_what_the_mission_does_not_name_is_named_rightly():
    assert {thing(note) for note in notes(mission="open a door")} == {"red ball"}


@pytest.mark.parametrize(
    "reply",
    [
        "I see the red ball nowhere, look 1, it should be behind me, so I turn left. 1",
        "I carry the red ball. The place ahead is free, so I drop it here. 5",
        "I look around, look 2, so I turn left. 1",
    ],
)
def test_a_note_that_is_all_there_is_stays_true(reply):
    assert set(notes(reply)) == {NOTE}


def test_who_looks_for_a_thing_may_have_looked_for_another():
    note = "I see the red ball nowhere, look 2, so I turn left. 1"
    found = set(notes("I see the red ball nowhere, look 3, so I turn left. 1", note=note))
    assert "I see the blue key nowhere, look 2, so I turn left. 1" in found
