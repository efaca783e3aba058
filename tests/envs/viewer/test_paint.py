"""Any scene at any size: nothing fails, nothing leaves the window, nothing overlaps unseen."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pygame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envs.display import visible
from envs.viewer import fonts
from envs.viewer.blocks import blocks_of, fit
from envs.viewer.canvas import Scale
from envs.viewer.fonts import ellipsis, line_height, width, wrap
from envs.viewer.overlays import text_lines
from envs.viewer.paint import paint
from envs.viewer.scene import Claim, Panel, Picture, Reading, Scene, Tick, Token, Typing, Verdict

SIZES = [(640, 420), (900, 600), (1280, 800), (3840, 2160), (500, 900), (200, 200)]
PANEL = Panel(
    policy="default-0",
    mission="go to the red ball",
    turn=2,
    turn_limit=20,
    picture=Picture(np.full((64, 96, 3), 90, np.uint8), (6, 4), ((1, 1), (1, 2), (2, 2)), (3, 2)),
    observation="You see a red ball 2 ahead 1 right. You face north. 18 turns left.",
    thought=(Token("I see the red ball", 0.9), Token(" 2 ahead 1 right", 0.2), Token(".", None)),
    claims=(Claim("I see the red ball.", Verdict.TRUE), Claim("It is near.", Verdict.FALSE)),
    action="go forward",
    choices=(("turn left", 0.1), ("turn right", 0.0), ("go forward", 0.9)),
    reward=0.0,
    episode_return=0.5,
    timeline=(Tick(), Tick(readable=False), Tick(reward=1.0), Tick(slip=True)),
    facts=(("advantage", "+0.54"),),
)
SCENE = Scene("goto-small · seed 3", (PANEL,), buttons=(("pause", "pause"), ("help", "? help")))
SCENES = {
    "one": SCENE,
    "two": replace(SCENE, panels=(PANEL, replace(PANEL, outcome="success", thinking=True))),
    "nothing yet": replace(SCENE, panels=(Panel("expert"),)),
    "wordy": replace(SCENE, panels=(replace(PANEL, observation="so many words " * 60),)),
    "no panels": replace(SCENE, panels=()),
    "blind": replace(SCENE, panels=(replace(PANEL, blind=True),)),
    "help": replace(SCENE, help=True, recording=True, playing=False),
    "typing": replace(SCENE, typing=Typing("Edit the thought", "word " * 400, "enter: go on")),
    "reading": replace(SCENE, reading=Reading("all of it", "word " * 999 + "\n\nend", 2500)),
    "trouble": replace(SCENE, panels=(replace(PANEL, action="", trouble="stray text"),)),
    "long": replace(
        SCENE,
        panels=(
            replace(
                PANEL,
                mission="go " * 300,
                observation="x" * 5000,
                timeline=(Tick(),) * 200,
                turn=199,
                turn_limit=200,
                choices=tuple((f"action {n}", 0.05) for n in range(20)),
            ),
        ),
    ),
    "any script": replace(
        SCENE,
        panels=(replace(PANEL, observation="Ελληνικά עברית 日本語 \U0001f600 \u202e\x1b[31m"),),
    ),
}
SCENES["wordy and blind"] = replace(SCENE, panels=(replace(SCENES["wordy"].panels[0], blind=True),))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", SCENES)
def test_every_scene_is_painted_at_every_size(name: str, size: tuple[int, int]) -> None:
    surface = pygame.Surface(size)
    hits = paint(surface, SCENES[name])
    window = surface.get_rect()
    assert all(window.contains(hit.rect) for hit in hits if hit.rect.width > 1)
    if name != "no panels":
        assert pygame.surfarray.array3d(surface).std() > 0


@pytest.mark.parametrize("size", [size for size in SIZES if min(size) > 400], ids=str)
def test_every_turn_of_a_long_episode_can_be_clicked(size: tuple[int, int]) -> None:
    hits = paint(pygame.Surface(size), SCENES["long"])
    ticks = [hit for hit in hits if hit.command == "turn"]
    assert [hit.turn for hit in ticks] == list(range(200))
    lefts = [hit.rect.left for hit in ticks]
    assert lefts == sorted(lefts)


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(60, 400))
def test_a_text_that_is_read_is_whole(text: str, room: int) -> None:
    lines = text_lines(text, 14, room)
    told = "".join(line for line, _ in lines).replace(" ", "")
    assert told == "".join(visible(one) for one in text.split("\n")).replace(" ", "")
    begins = [begin for _, begin in lines]
    assert begins == sorted(begins) and begins[0] == 0 and begins[-1] <= len(text)


def test_a_text_of_any_length_is_read_to_its_end() -> None:
    reading = Reading("all of it", "x" * 5000 + "\nend", 10**6)
    ends = [line for line, _ in text_lines(reading.text, 14, 400)]
    assert "".join(ends) == "x" * 5000 + "end"
    pictures = []
    for begins in (0, 10**6):
        surface = pygame.Surface((900, 600))
        paint(surface, replace(SCENE, reading=replace(reading, begins=begins)))
        pictures.append(pygame.surfarray.array3d(surface))
    assert (pictures[0] != pictures[1]).any()


def test_figures_are_not_torn_from_their_names() -> None:
    facts = (("group", "5 of 8 succeed"), ("spread", "0.43"), ("advantage", "+0.77"))
    blocks = blocks_of(replace(PANEL, facts=facts), 200, 16, 13, 20)
    told = ["".join(text for text, _ in line.pieces) for line in blocks[-1].lines]
    assert len(told) > 1
    assert "advantage\xa0+0.77" in " ".join(told)


def test_words_have_all_the_room_where_the_world_is_hidden() -> None:
    seen, hidden = (
        {hit.command for hit in paint(pygame.Surface((900, 600)), SCENES[name])}
        for name in ("wordy", "wordy and blind")
    )
    assert "full text" in seen and "full text" not in hidden


def test_what_was_cut_can_be_read_in_full() -> None:
    cut = {hit.command for hit in paint(pygame.Surface((900, 600)), SCENES["long"])}
    whole = {hit.command for hit in paint(pygame.Surface((1280, 800)), SCENE)}
    assert "full text" in cut
    assert "full text" not in whole


@settings(max_examples=100)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=8), st.integers(40, 400)
)
def test_wrapped_lines_fit_and_lose_nothing(texts: list[str], room: int) -> None:
    lines = wrap(texts, 14, room)
    for line in lines:
        wide = sum(width(text, 14) for text, _ in line)
        assert wide <= room or all(len(text) == 1 for text, _ in line)
    told = "".join(text for line in lines for text, _ in line)
    assert told.replace(" ", "") == "".join(texts).replace(" ", "")


@pytest.mark.parametrize("room", [150, 300, 600])
def test_no_line_of_a_panel_is_wider_than_its_room(room: int) -> None:
    mission = "pick up a purple key, then go to a green box after you open the door"
    for panel in (replace(PANEL, mission=mission), SCENES["long"].panels[0]):
        for block in blocks_of(panel, room, 16, 13, 20):
            for line in block.lines:
                wide = sum(width(text, block.size, block.bold) for text, _ in line.pieces)
                assert line.bar is not None or wide <= room


@given(st.text(min_size=1, max_size=60), st.integers(30, 300))
def test_an_ellipsis_fits(text: str, room: int) -> None:
    shown = ellipsis(text.replace("\x00", ""), 14, room)
    assert width(shown, 14) <= room or shown == "…"


@pytest.mark.parametrize("room", range(60, 700, 80))
def test_blocks_fit_into_their_room(room: int) -> None:
    blocks = fit(blocks_of(SCENES["long"].panels[0], 300, 16, 13, 20), room, 13, 9)
    used = sum(block.height(13) + 9 for block in blocks)
    assert used <= room or len(blocks) == 1
    assert all(block.lines for block in blocks)


def test_bigger_windows_have_bigger_letters() -> None:
    heights = [line_height(Scale.of(size)(16)) for size in ((900, 600), (1150, 720), (3840, 2160))]
    assert all(one < other for one, other in itertools.pairwise(heights))


PICTURES = Path(__file__).with_name("pictures")
LOOKED_AT = ("one", "two", "help", "typing", "blind", "reading")


@pytest.mark.parametrize("name", LOOKED_AT)
def test_scenes_look_as_they_did(name: str) -> None:
    """Drawn anew by `python -m tests.envs.viewer.test_paint`, after a look at them."""
    surface = pygame.Surface((900, 600))
    paint(surface, SCENES[name])
    found = pygame.surfarray.array3d(surface).astype(int)
    expected = pygame.surfarray.array3d(pygame.image.load(PICTURES / f"{name}.png")).astype(int)
    assert np.abs(found - expected).mean() < 1.0


def test_a_font_that_is_not_there_is_said_and_another_taken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fonts, "find_spec", lambda _: None)
    for kept in (fonts.font, fonts.render, fonts.width):
        kept.cache_clear()
    try:
        paint(pygame.Surface((900, 600)), SCENE)
    finally:
        for kept in (fonts.font, fonts.render, fonts.width):
            kept.cache_clear()
    assert "is not there: pygame's own is taken" in caplog.text


if __name__ == "__main__":
    for one in LOOKED_AT:
        drawn = pygame.Surface((900, 600))
        paint(drawn, SCENES[one])
        pygame.image.save(drawn, PICTURES / f"{one}.png")
