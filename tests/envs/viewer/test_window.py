"""The real window, on SDL's dummy display: every key, button and place to click is a command."""

from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import Mock

import pygame
import pytest

from envs.viewer.command import Command
from envs.viewer.scene import Reading, Scene, Typing
from envs.viewer.window import KEYS, PAGES, Window
from tests.envs.viewer.test_paint import SCENES

BUTTONS = tuple((name, name) for name in ("pause", "back", "next", "edit", "help"))
SCENE = replace(SCENES["two"], buttons=BUTTONS)
TYPING = replace(SCENE, typing=Typing("Edit", "a thought"))


@pytest.fixture
def window() -> Iterator[Window]:
    found = Window("test", (900, 600))
    found._clock = Mock()
    yield found
    found.close()


def after(window: Window, scene: Scene, *events: pygame.event.Event) -> list[Command]:
    """What the window makes of events while it shows a scene."""
    window.show(scene)
    pygame.event.clear()
    for event in events:
        pygame.event.post(event)
    return list(window.commands())


def key(code: int, sign: str = "", mod: int = 0) -> pygame.event.Event:
    return pygame.event.Event(pygame.KEYDOWN, key=code, unicode=sign, mod=mod)


def click(at: tuple[int, int], kind: int = pygame.MOUSEBUTTONDOWN) -> pygame.event.Event:
    return pygame.event.Event(kind, pos=at, button=1, buttons=(1, 0, 0))


@pytest.mark.parametrize("code", KEYS, ids=KEYS.get)
def test_every_key_is_its_command(window: Window, code: int) -> None:
    assert after(window, SCENE, key(code)) == [Command(KEYS[code])]


def test_a_question_mark_asks_for_help_on_any_keyboard(window: Window) -> None:
    assert after(window, SCENE, key(pygame.K_PLUS, "?")) == [Command("help")]


@pytest.mark.parametrize("scene", [SCENE, TYPING], ids=["watching", "typing"])
def test_every_button_is_its_command(window: Window, scene: Scene) -> None:
    window.show(scene)
    buttons = [hit for hit in window._hits if hit.command in dict(BUTTONS)]
    assert [hit.command for hit in buttons] == [name for name, _ in BUTTONS]
    for hit in buttons:
        assert after(window, scene, click(hit.rect.center)) == [Command(hit.command)]


def test_the_timeline_is_dragged_along(window: Window) -> None:
    window.show(SCENE)
    ticks = [hit for hit in window._hits if hit.command == "turn" and hit.panel == 1]
    drags = [click(hit.rect.center, pygame.MOUSEMOTION) for hit in ticks]
    found = after(window, SCENE, *drags)
    assert found == [Command("turn", turn, 1) for turn in range(len(ticks))]


def test_one_of_two_is_chosen_by_a_click(window: Window) -> None:
    assert after(window, SCENE, click((700, 60))) == [Command("choose", panel=1)]
    assert after(window, replace(SCENE, panels=SCENE.panels[:1]), click((700, 60))) == []


def test_what_lies_above_is_closed_by_a_click(window: Window) -> None:
    assert after(window, replace(SCENE, help=True), click((450, 300))) == [Command("help")]
    reading = replace(SCENE, reading=Reading("all", "of it"))
    assert after(window, reading, click((450, 300))) == [Command("full text")]


def test_a_text_that_is_read_is_scrolled(window: Window) -> None:
    reading = replace(SCENE, reading=Reading("all", "of it"))
    wheel = pygame.event.Event(pygame.MOUSEWHEEL, y=-1)
    assert after(window, reading, wheel) == [Command("scroll", steps=3)]
    assert after(window, SCENE, wheel) == [Command("on")]
    for code, steps in PAGES.items():
        assert after(window, reading, key(code)) == [Command("scroll", steps=steps)]


def test_while_a_line_is_typed_letters_are_letters(window: Window) -> None:
    text = pygame.event.Event(pygame.TEXTINPUT, text="n")
    assert after(window, TYPING, key(pygame.K_n, "n"), text) == [Command("type", text="n")]
    assert after(window, SCENE, text) == []
    for code, name in ((pygame.K_RETURN, "enter"), (pygame.K_TAB, "complete")):
        assert after(window, TYPING, key(code)) == [Command(name)]
    assert after(window, TYPING, key(pygame.K_HOME)) == [Command("arrow", text="home")]
    assert after(window, TYPING, key(pygame.K_n, mod=pygame.KMOD_CTRL)) == [Command("next")]


def test_what_was_copied_is_pasted(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pygame.scrap, "get_text", lambda: "a red ball")
    pasted = after(window, TYPING, key(pygame.K_v, mod=pygame.KMOD_CTRL))
    assert pasted == [Command("type", text="a red ball")]


def test_the_close_button_leaves(window: Window) -> None:
    assert after(window, TYPING, pygame.event.Event(pygame.QUIT)) == [Command("leave")]


def test_a_scene_is_drawn_once_and_anew_where_the_window_was_resized(window: Window) -> None:
    window.show(SCENE)
    window._surface.fill((1, 2, 3))
    window.show(replace(SCENE))
    assert window.picture().get_at((0, 0))[:3] == (1, 2, 3)
    window._surface = pygame.display.set_mode((640, 420), pygame.RESIZABLE)
    after(window, SCENE, pygame.event.Event(pygame.VIDEORESIZE, size=(640, 420), w=640, h=420))
    window.show(SCENE)
    assert window.picture().get_size() == (640, 420)
    assert window.picture().get_at((0, 0))[:3] != (1, 2, 3)
    assert max(hit.rect.right for hit in window._hits) <= 640
