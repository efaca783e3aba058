"""Shows of minds and of what they have played, in a window or recorded without one."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from time import perf_counter, strftime

import pygame
from transformers import PreTrainedTokenizerBase

from agent.policies import Policy
from agent.rollout import MakeWorld
from agent.show import Episodes, Show
from agent.types import Episode, Start
from agent.watching import Replayer, Watched
from envs.viewer.paint import paint
from envs.viewer.window import Window
from training import replays
from training.metrics import append_line
from training.recording import Recording

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
) -> None:
    """Show episodes in a window until someone leaves it.

    Args:
        pictures: where pictures and recordings go.
        save: keep what was played here, a line an episode.
        blind, endless: as of a `Show`.

    Raises:
        OSError: if there is no display.
    """
    window = Window("grounded")
    show = Show(episodes, perf_counter(), blind=blind, endless=endless)
    recording: Recording | None = None
    kept: set[int] = set()
    last = perf_counter()
    try:
        while not show.left:
            for command in window.commands():
                show.do(command)
            now = perf_counter()
            show.tick(now)
            window.show(show.scene())
            if recording:
                recording.add(window.picture(), now - last)
            last = now
            while show.wanted:
                recording = _wish(show.wanted.pop(0), show, window, recording, pictures)
            if save:
                keep_ended(show.stages, save, kept)
    finally:
        window.close()
        show.close()


def record(
    episodes: Episodes, path: Path | None, size: tuple[int, int], most_turns: int = 200
) -> Episode:
    """Play the first episode without a screen and write what a window would have shown.

    path: `.gif` or `.mp4`: all of it; `.png`: its end; None: nothing.
    """
    show = Show(episodes)
    surface = pygame.Surface(size)
    recording = Recording(size)
    for frame in count():
        show.tick(frame * HEADLESS_STEP)
        show.wait()
        paint(surface, show.scene())
        recording.add(surface, HEADLESS_STEP)
        if show.over or len(show.stages[0].moments) > most_turns:
            break
    recording.add(surface, LAST_SECONDS)
    if path and path.suffix == ".png":
        path.parent.mkdir(parents=True, exist_ok=True)
        pygame.image.save(surface, str(path))
    elif path:
        recording.write(path)
    return show.stages[0].episode()


def _wish(
    what: str, show: Show, window: Window, recording: Recording | None, pictures: Path
) -> Recording | None:
    """Save a picture, or start or stop recording; what came of it is said in the window."""
    pictures.mkdir(parents=True, exist_ok=True)
    path = pictures / f"{strftime('%Y%m%d-%H%M%S')}.{'png' if what == 'picture' else 'gif'}"
    if what == "picture":
        pygame.image.save(window.picture(), str(path))
    elif recording is None:
        show.recording = True
        return Recording(window.picture().get_size())
    else:
        recording.write(path)
        show.recording, recording = False, None
    show.status = f"saved {path}"
    return recording


def keep_ended(stages: Sequence[Watched], save: Path, kept: set[int]) -> None:
    """Append each episode that has ended to a file, and note that it is `kept`."""
    for stage in stages:
        if stage.ended and id(stage) not in kept:
            kept.add(id(stage))
            save.parent.mkdir(parents=True, exist_ok=True)
            append_line(save, asdict(stage.episode()))
