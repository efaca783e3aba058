"""A show is led by commands and a clock, and no window is needed for it."""

from functools import partial

import pytest
import torch

import envs
from agent.language_policy import LanguagePolicy, Sampling
from agent.models import load_model
from agent.policies import ExpertPolicy, Policy
from agent.show import Show
from agent.types import Start
from agent.watching import Watched
from envs.viewer.command import Command

MAKE = partial(envs.make, render_mode="rgb_array")


def show_of(*policies: Policy | None, endless: bool = False) -> Show:
    def episodes(number: int) -> tuple[str, list[Watched]]:
        start = Start("goto-local", 1 + number)
        return f"seed {start.seed}", [Watched(policy, start, MAKE) for policy in policies]

    return Show(episodes, endless=endless)


def run(show: Show, seconds: float, began: float = 0.0) -> float:
    """Let a clock go on."""
    for frame in range(round(seconds * 20)):
        show.tick(began + frame / 20)
        show.wait()
    return began + seconds


def test_an_episode_plays_itself_to_its_end() -> None:
    show = show_of(ExpertPolicy())
    first = show.scene().panels[0]
    assert first.thinking and not first.action
    run(show, 60)
    assert show.over
    assert show.scene().panels[0].outcome == "success"


def test_thoughts_appear_bit_by_bit_and_stand_before_they_are_acted_on() -> None:
    show = show_of(ExpertPolicy())
    show.tick(0.0)
    show.wait()
    show.tick(0.4)
    some = "".join(token.text for token in show.scene().panels[0].thought)
    show.tick(5.0)
    panel = show.scene().panels[0]
    every = "".join(token.text for token in panel.thought)
    assert 0 < len(some) < len(every) and every.startswith(some)
    assert panel.action and panel.turn == 0
    show.tick(5.5)
    assert show.scene().panels[0].turn == 0
    show.tick(6.0)
    assert show.scene().panels[0].turn == 1


def test_pause_turns_back_and_on() -> None:
    show = show_of(ExpertPolicy())
    now = run(show, 12)
    newest = show.scene().panels[0].turn
    assert newest >= 2
    show.do(Command("back"))
    show.do(Command("back"))
    assert (show.scene().panels[0].turn, show.scene().playing) == (newest - 2, False)
    run(show, 5, now)
    assert show.scene().panels[0].turn == newest - 2
    show.do(Command("on"))
    assert show.scene().panels[0].turn == newest - 1
    show.do(Command("turn", turn=0))
    assert show.scene().panels[0].turn == 0
    show.do(Command("newest"))
    assert show.scene().panels[0].turn == newest


def test_one_turn_on_acts_once() -> None:
    show = show_of(ExpertPolicy())
    show.do(Command("pause"))
    now = run(show, 3)
    assert show.scene().panels[0].turn == 0
    show.do(Command("on"))
    run(show, 3, now)
    assert show.scene().panels[0].turn == 1


def test_an_endless_show_goes_on_by_itself() -> None:
    show = show_of(ExpertPolicy(), endless=True)
    for _ in range(10):
        show.do(Command("faster"))
    now = run(show, 2)
    assert show.over and show.scene().title == "seed 1"
    run(show, 2, now)
    assert show.scene().title == "seed 2"


def test_next_and_again() -> None:
    show = show_of(ExpertPolicy())
    run(show, 3)
    show.do(Command("next"))
    assert show.scene().title == "seed 2"
    show.do(Command("again"))
    assert show.scene().title == "seed 2"
    assert show.scene().panels[0].turn == 0


def test_speed_has_its_bounds() -> None:
    show = show_of(ExpertPolicy())
    for _ in range(20):
        show.do(Command("faster"))
    assert show.scene().speed == "100x"
    run(show, 3)
    assert show.over
    for _ in range(20):
        show.do(Command("slower"))
    assert show.scene().speed == "0.25x"


def test_a_person_plays_by_arrows_and_by_words() -> None:
    show = show_of(None)
    show.tick(0.0)
    typing = show.scene().typing
    assert typing is not None and "go forward" in typing.hint
    show.do(Command("arrow", text="left"))
    now = run(show, 3)
    assert show.stages[0].live.turns[0].action == "turn left"
    for letter in "I look > turn ri":
        show.do(Command("type", text=letter))
    show.do(Command("delete"))
    show.do(Command("enter"))
    assert "did you mean 'turn right'" in show.status
    for letter in "ight":
        show.do(Command("type", text=letter))
    show.do(Command("enter"))
    run(show, 3, now)
    assert show.stages[0].live.turns[1].thought == "I look"


def test_buttons_work_while_a_person_is_asked() -> None:
    """A mouse reaches them, and so does ctrl with their keys."""
    show = show_of(None)
    show.tick(0.0)
    for letter in "turn":
        show.do(Command("type", text=letter))
    for name in ("pause", "faster", "blind", "help", "picture", "record", "full text"):
        show.do(Command(name))
    scene = show.scene()
    assert scene.typing is not None and scene.typing.text == "turn"
    assert (scene.playing, scene.speed, scene.panels[0].blind, scene.help) == (
        (False, "2x", True, True)
    )
    assert show.wanted == ["picture", "record"] and scene.reading is not None
    show.do(Command("next"))
    assert show.scene().title == "seed 2" and show.scene().typing is None
    show.tick(0.1)
    assert show.scene().typing is not None


def test_a_person_alone_leaves_with_two_keys() -> None:
    show = show_of(None)
    show.tick(0.0)
    assert "esc: leave" in show.scene().typing.hint  # type: ignore[union-attr]
    show.do(Command("type", text="x"))
    show.do(Command("escape"))
    typing = show.scene().typing
    assert typing is not None and typing.text == "" and not show.left
    show.do(Command("escape"))
    assert show.left


def test_keys_speak_to_the_one_that_is_chosen() -> None:
    show = show_of(ExpertPolicy(), ExpertPolicy())
    run(show, 1)
    assert [panel.chosen for panel in show.scene().panels] == [True, False]
    show.do(Command("other"))
    show.do(Command("take over"))
    assert [stage.by_hand for stage in show.stages] == [False, True]
    show.do(Command("choose", panel=0))
    show.do(Command("full text"))
    assert [panel.chosen for panel in show.scene().panels] == [True, False]
    show.do(Command("turn", turn=0, panel=1))
    assert [panel.chosen for panel in show.scene().panels] == [False, True]


def test_a_person_beside_a_mind_is_asked() -> None:
    show = show_of(ExpertPolicy(), None)
    show.tick(0.0)
    assert show.scene().typing is not None
    assert show.scene().panels[1].chosen


def test_the_whole_text_keeps_its_lines_and_is_scrolled() -> None:
    show = show_of(ExpertPolicy())
    run(show, 1)
    show.do(Command("full text"))
    reading = show.scene().reading
    assert reading is not None and reading.text.count("\n\n") >= 2
    assert show.stages[0].live.observation in reading.text
    show.do(Command("scroll", steps=2))
    assert show.scene().reading.begins == 160  # type: ignore[union-attr]
    show.do(Command("scroll", steps=10**6))
    assert show.scene().reading.begins == len(reading.text)  # type: ignore[union-attr]
    show.do(Command("escape"))
    assert show.scene().reading is None and not show.left


def test_who_has_no_thought_to_edit_says_so_before_anything_is_typed() -> None:
    show = show_of(ExpertPolicy())
    run(show, 1)
    show.do(Command("edit"))
    assert "only a language model" in show.status
    assert show.scene().typing is None


def test_buttons_say_what_they_would_do_now() -> None:
    show = show_of(ExpertPolicy())
    before = dict(show.scene().buttons)
    run(show, 1)
    for name in ("pause", "blind", "take over"):
        show.do(Command(name))
    after = dict(show.scene().buttons)
    assert (before["blind"], after["blind"]) == ("hide world", "show world")
    assert (before["take over"], after["take over"]) == ("take over", "hand back")
    show.do(Command("pause"))
    assert (before["pause"], dict(show.scene().buttons)["pause"]) == ("pause", "go on")


def test_a_word_is_completed() -> None:
    show = show_of(None)
    show.tick(0.0)
    show.do(Command("type", text="turn r"))
    show.do(Command("complete"))
    typing = show.scene().typing
    assert typing is not None and typing.text == "turn right"


def test_taking_over_and_handing_back() -> None:
    show = show_of(ExpertPolicy())
    now = run(show, 1)
    show.do(Command("take over"))
    now = run(show, 1, now)
    assert show.scene().typing is not None
    show.do(Command("escape"))
    run(show, 60, now)
    assert show.over


def test_an_edit_is_typed_and_followed() -> None:
    torch.set_num_threads(1)
    policy = LanguagePolicy(load_model("nano"), Sampling(max_reply_tokens=8, history=0))
    show = show_of(policy)
    show.do(Command("edit"))
    assert "no thought to edit yet" in show.status
    show.do(Command("pause"))
    now = run(show, 4)
    show.do(Command("edit"))
    typing = show.scene().typing
    assert typing is not None
    for _ in range(len(typing.text)):
        show.do(Command("delete"))
    for letter in "I see a red ball.":
        show.do(Command("type", text=letter))
    show.do(Command("enter"))
    run(show, 4, now)
    response = show.stages[0].moments[0].response
    assert response is not None and response.text.startswith("<think>I see a red ball.</think>")


def test_two_stages_go_on_together() -> None:
    show = show_of(ExpertPolicy(), None)
    run(show, 5)
    assert [panel.turn for panel in show.scene().panels] == [0, 0]


@pytest.mark.parametrize("name", ["help", "blind", "full text"])
def test_what_only_changes_the_view_goes_back(name: str) -> None:
    show = show_of(ExpertPolicy())
    before = show.scene()
    show.do(Command(name))
    assert show.scene() != before
    show.do(Command(name) if name != "full text" else Command("escape"))
    assert show.scene() == before


def test_leaving_stops_the_mind() -> None:
    show = show_of(ExpertPolicy())
    show.do(Command("leave"))
    assert show.left
