"""A line that is typed."""

import pytest

from agent.line import edited
from envs.viewer.command import Command
from envs.viewer.scene import Typing

WORDS = ("turn left", "turn right", "go forward")


def after(line: Typing, *keys: str | Command) -> Typing:
    for key in keys:
        line = edited(line, key if isinstance(key, Command) else Command("arrow", text=key), WORDS)
    return line


def test_a_letter_is_put_in_where_the_caret_is() -> None:
    line = after(Typing("", "go forwrd"), "left", "left", Command("type", text="a"))
    assert (line.text, line.place) == ("go forward", 8)
    line = after(line, "home", Command("type", text="x"), "end", Command("type", text="y"))
    assert (line.text, line.place) == ("xgo forwardy", 12)


def test_what_is_before_the_caret_is_deleted() -> None:
    assert after(Typing("", "abc"), "left", Command("delete")).text == "ac"
    assert after(Typing("", "abc"), "home", Command("delete")).text == "abc"


def test_the_caret_stays_in_the_line() -> None:
    assert after(Typing("", "ab"), *["left"] * 5).place == 0
    assert after(Typing("", "ab"), "home", *["right"] * 5, Command("type", text="c")).text == "abc"
    assert after(Typing("", "ab"), "up").place == 2


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("turn r", "turn right"),
        ("I look > go", "I look > go forward"),
        ("fly", "fly"),
    ],
)
def test_the_action_is_completed_behind_a_thought_too(text: str, whole: str) -> None:
    assert after(Typing("", text), Command("complete")).text == whole


def test_pasted_lines_are_one_line() -> None:
    assert after(Typing("", ""), Command("type", text="a\nb")).text == "a b"
