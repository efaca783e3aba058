"""Shows of minds and of what they have played, in a window or recorded without one."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from time import perf_counter

import pygame
from transformers import PreTrainedTokenizerBase

from agent.policies import Policy
from agent.replayer import Replayer
from agent.rollout import MakeWorld
from agent.show import Episodes, Show
from agent.types import Episode, Start
from agent.watching import Watched
from envs.viewer.paint import paint
from envs.viewer.window import SIZE, Window
from training import replays
from training.album import Album
from training.metrics import append_line
from training.recording import Recording

RECORDED_SIZE = 960, 600
"""Of a recording without a screen, in pixels."""
HEADLESS_STEP = 1 / 12
"""Seconds from frame to frame without a screen."""
LAST_SECONDS = 1.5
"""How long the end of a recorded episode stands."""


def live_episodes(
    policies: Sequence[Policy | None], task: str, seed: int, make: MakeWorld
) -> Episodes:
    """Episodes of a task from a seed on, each played by all the policies at once.

    A policy of None is the person at the window.
    """

    def episode(number: int) -> tuple[str, list[Watched]]:
        start = Start(task, seed + number)
        return f"{task} · seed {start.seed}", [Watched(one, start, make) for one in policies]

    return episode


def kept_episodes(
    path: Path, first: int, make: MakeWorld, tokenizer: PreTrainedTokenizerBase | None = None
) -> Episodes:
    """Episodes of a run or a file, from the so many-th on, as they were played; where the file
    has grown meanwhile, the new ones, too.

    first: negative, counted from the newest.
    """

    growing = replays.Episodes(path)

    def episode(number: int) -> tuple[str, list[Watched]]:
        kept = growing.read()
        place = (first if first >= 0 else len(kept) + first) + number
        place = min(max(place, 0), len(kept) - 1)
        one = kept[place]
        replayer = Replayer(one.episode, one.place or path.name, tokenizer)
        start = one.episode.start
        title = f"{start.task} · seed {start.seed} · episode {place + 1} of {len(kept)}"
        return title, [Watched(replayer, start, make, facts=replays.facts_of(one, kept))]

    return episode


def run_window(
    episodes: Episodes,
    pictures: Path,
    save: Path | None = None,
    *,
    blind: bool = False,
    endless: bool = False,
    size: tuple[int, int] = SIZE,
) -> str:
    """Show episodes in a window until someone leaves it.

    Args:
        pictures: where pictures and recordings go.
        save: keep what was played here, a line an episode.
        blind, endless: as of a `Show`.
        size: of the window at first.

    Returns:
        What is to be said afterwards: where the last recording lies.

    Raises:
        OSError: if there is no display.
    """
    show = Show(episodes, perf_counter(), blind=blind, endless=endless)
    window = Window("grounded", size)
    album = Album(pictures)
    kept: set[int] = set()
    last = perf_counter()
    try:
        while not show.left:
            for command in window.commands():
                show.do(command)
            now = perf_counter()
            show.tick(now)
            window.show(show.scene())
            album.look(window.picture, now - last)
            last = now
            while show.wanted:
                if show.wanted.pop(0) == "picture":
                    album.picture(window.picture())
                else:
                    album.record(window.picture().get_size())
            show.recording = album.recording
            show.status = album.news() or show.status
            if save:
                keep_ended(show.stages, save, kept)
    finally:
        window.close()
        show.close()
        said = album.close()
    return said


def record(
    episodes: Episodes,
    path: Path | None,
    size: tuple[int, int] = RECORDED_SIZE,
    *,
    blind: bool = False,
    turn: int = 0,
    most_turns: int = 200,
) -> Episode:
    """Play the first episode without a screen and write what a window would have shown.

    path: `.gif` or `.mp4`: all of it; `.png`: where it was left; None: nothing.
    turn: leave it once the whole reply of this turn stands there, counted from 1; 0: at its end.

    Raises:
        ValueError: if a mind cannot answer, or if there is no such turn.
    """
    show = Show(episodes, blind=blind)
    surface = pygame.Surface(size)
    recording = Recording(size)
    for frame in count():
        show.tick(frame * HEADLESS_STEP)
        show.wait()
        for stage in show.stages:
            if stage.error:
                raise ValueError(stage.error)
        paint(surface, show.scene())
        recording.add(surface, HEADLESS_STEP)
        turns = max(len(stage.moments) for stage in show.stages)
        thinking = any(panel.thinking for panel in show.scene().panels)
        if turns == turn and not (thinking or show.over):
            break
        if show.over or turns > most_turns:
            if turn:
                raise ValueError(f"there is no turn {turn}: the episode ended before it")
            break
    recording.add(surface, LAST_SECONDS)
    if path and path.suffix == ".png":
        path.parent.mkdir(parents=True, exist_ok=True)
        pygame.image.save(surface, str(path))
    elif path:
        recording.write(path)
    return show.stages[0].episode()


def keep_ended(stages: Sequence[Watched], save: Path, kept: set[int]) -> None:
    """Append each episode that has ended to a file, and note that it is `kept`."""
    for stage in stages:
        if stage.ended and id(stage) not in kept:
            kept.add(id(stage))
            save.parent.mkdir(parents=True, exist_ok=True)
            append_line(save, asdict(stage.episode()))
