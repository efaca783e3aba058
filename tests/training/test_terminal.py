"""The window's twin in a terminal."""

import io
import os
import pty
import sys
import termios
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from rich.console import Console

import envs
from agent.policies import ExpertPolicy
from envs.viewer.command import Command
from envs.viewer.scene import Picture, Scene, Typing
from scripts import play
from tests.envs.viewer.test_paint import PANEL, SCENES
from training.terminal import blocks, command, told, watch_in_terminal
from training.watch import live_episodes


def text_of(scene: Scene, columns: int, lines: int = 50) -> str:
    console = Console(width=columns, file=io.StringIO(), force_terminal=False)
    console.print(told(scene, columns, lines))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("columns", [60, 100, 160])
def test_the_same_turn_is_told(columns: int) -> None:
    shown = text_of(SCENES["one"], columns)
    words = " ".join(shown.replace("▀", " ").split())
    for part in (
        *("goto-small · seed 3", "go to the red ball", "✓ I see the red ball.", "✗ It is near."),
        *("> go forward", "90% ████", "return +0.50", "advantage +0.54", "▅▂█▅"),
    ):
        assert part in words
    assert max(map(len, shown.splitlines())) <= columns
    assert "▀" in shown
    hidden = replace(SCENES["one"], panels=(replace(PANEL, blind=True),))
    assert "▀" not in text_of(hidden, columns)


@pytest.mark.parametrize("name", SCENES)
def test_every_scene_is_told(name: str) -> None:
    shown = text_of(SCENES[name], 100)
    assert all(sign.isprintable() or sign == "\n" for sign in shown)


def test_all_of_a_turn_fits_into_a_small_terminal() -> None:
    choices = tuple((f"action {place}", share) for place, share in enumerate((0.1, 0.6, 0.2, 0.1)))
    full = replace(PANEL, choices=choices, observation="You see a red ball. " * 9)
    shown = text_of(replace(SCENES["one"], panels=(full,)), 80, 24)
    assert len(shown.splitlines()) <= 23
    assert "action 1" in shown and "advantage" in shown and "▀" in shown and "q" in shown
    assert "▀" not in text_of(SCENES["two"], 80, 24)


def test_what_is_typed_is_shown_with_its_caret() -> None:
    shown = text_of(replace(SCENES["one"], typing=Typing("Edit", "a thought", "enter", 1)), 100)
    assert "a▌ thought" in shown


def test_a_world_in_half_blocks_has_its_colours() -> None:
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:20] = (255, 0, 0)
    found = blocks(Picture(pixels), 4)
    assert found.plain == "▀▀▀▀\n▀▀▀▀"
    assert {str(span.style) for span in found.spans} == {
        "rgb(255,0,0) on rgb(255,0,0)",
        "rgb(0,0,0) on rgb(0,0,0)",
    }


@pytest.mark.parametrize(
    ("key", "typing", "meant"),
    [
        (" ", False, Command("pause")),
        ("\x1b[C", False, Command("on")),
        ("n", False, Command("next")),
        ("n", True, Command("type", text="n")),
        ("\x1b[A", True, Command("arrow", text="up")),
        ("\r", True, Command("enter")),
        ("\x7f", True, Command("delete")),
        ("ß", False, Command("")),
    ],
)
def test_keys(key: str, typing: bool, meant: Command) -> None:
    assert command(key, typing=typing) == meant


def test_no_terminal_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        play.main(["--policy", "expert", "--watch"])
    assert left.value.code == 2
    assert "--watch needs a terminal" in capsys.readouterr().err


def test_it_obeys_keys_and_leaves_the_terminal_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of its own, at which someone has typed ahead."""
    leader, follower = pty.openpty()
    with os.fdopen(follower, "r") as keyboard:
        monkeypatch.setattr(sys, "stdin", keyboard)
        before = termios.tcgetattr(keyboard)
        os.write(leader, b"b\x1b[Anq")
        console = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
        make = partial(envs.make, render_mode="rgb_array")
        watch_in_terminal(live_episodes([ExpertPolicy()], "goto-small", 3, make), console)
        assert termios.tcgetattr(keyboard) == before
    os.close(leader)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "seed 4" in shown and "2x" in shown and "▀" not in shown
