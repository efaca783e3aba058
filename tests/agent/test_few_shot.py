"""Few-shot prompts: the expert's turns, read as one's own, and the mission behind them."""

from functools import partial

import pytest

import envs
from agent.conversation import Conversation
from agent.few_shot import examples
from agent.nano import nano_tokenizer
from agent.prompts import ChatFrame, Example, mission_text, system_text
from agent.replies import ReplyMode, parse

MAKE = partial(envs.make, turn_limit=12)


def test_an_episode_is_shown_whole() -> None:
    shown = examples("goto-small", 1, [3], MAKE)
    world = MAKE("goto-small")
    observation, info = world.reset(seed=3)
    assert shown[0].observation == f"Mission: {info['mission']}. {observation}"
    assert len(shown) == 3
    for turn in shown:
        observation, reward, *_ = world.step(parse(turn.reply, world.can_read).action)
    assert reward > 0
    assert [turn.observation.count("Mission:") for turn in shown] == [1, 0, 0]


def test_replies_have_the_form_that_is_asked_for() -> None:
    [first, *_] = examples("goto-small", 1, [3], MAKE, ReplyMode.ANSWER)
    assert first.reply == "<answer>go forward</answer>"
    [first, *_] = examples("goto-small", 1, [3], MAKE, ReplyMode.BARE)
    assert first.reply == "go forward"


def test_failures_are_passed_over() -> None:
    hurried = partial(envs.make, turn_limit=3)  # enough for some of the missions
    shown = examples("goto-small", 2, range(20), hurried)
    assert sum(turn.observation.startswith("Mission:") for turn in shown) == 2
    with pytest.raises(ValueError, match="not in 20"):
        examples("goto-small", 20, range(20), hurried)


def test_they_read_as_turns_and_the_mission_stands_behind_them() -> None:
    tokenizer = nano_tokenizer()
    system = system_text(None, ("left", "right"))
    assert "Mission" not in system
    talk = Conversation(
        ChatFrame.of(tokenizer),
        system,
        limit=400,
        reply_limit=30,
        history=2,
        examples=(Example("Mission: a. One.", "<answer>left</answer>"), Example("Two.", "B")),
        mission=mission_text("go to the key"),
    )
    messages = [
        {"role": "system", "content": system},
        {"role": "user", "content": "Mission: a. One."},
        {"role": "assistant", "content": "<answer>left</answer>"},
        {"role": "user", "content": "Two."},
        {"role": "assistant", "content": "B"},
        {"role": "user", "content": "Mission: go to the key. Three."},
    ]
    rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    ids, opens = talk.ask("Three.")
    assert opens
    assert tokenizer.decode(ids) == rendered
    for number in range(2):
        talk.answer(talk.frame.text("C"), "left")
        ids, opens = talk.ask(f"{number}.")
    assert opens, "two turns were shown, so a new segment opens like the first"
    assert tokenizer.decode(ids).startswith(rendered.split("Three.")[0])
