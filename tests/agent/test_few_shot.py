"""Few-shot prompts: the expert's episodes as text, before the mission."""

from functools import partial

import pytest

import envs
from agent.few_shot import examples
from agent.prompts import system_text
from agent.replies import ReplyMode

MAKE = partial(envs.make, turn_limit=12)


def test_an_episode_is_told_whole() -> None:
    told = examples("goto-small", 1, [3], MAKE)
    world = MAKE("goto-small")
    observation, info = world.reset(seed=3)
    assert f"Mission: {info['mission']}." in told
    assert f"Then you sense: {observation} You reply: <think>" in told
    assert told.count("You reply:") == 3
    assert told.rstrip().endswith("The mission is fulfilled.")


def test_replies_have_the_form_that_is_asked_for() -> None:
    assert "<think>" not in examples("goto-small", 1, [3], MAKE, ReplyMode.ANSWER)
    assert "<answer>" not in examples("goto-small", 1, [3], MAKE, ReplyMode.BARE)


def test_failures_are_passed_over() -> None:
    hurried = partial(envs.make, turn_limit=3)  # enough for some of the missions
    told = examples("goto-small", 2, range(20), hurried)
    assert told.count("The mission is fulfilled.") == 2
    with pytest.raises(ValueError, match="not in 20"):
        examples("goto-small", 20, range(20), hurried)


def test_they_stand_before_the_mission() -> None:
    text = system_text("go to the key", ("left",), examples="An example. ")
    assert text.endswith("An example. Mission: go to the key.")
