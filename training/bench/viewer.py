"""How smoothly a mind is watched: the time from frame to frame while it thinks."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

import envs
from agent.loading import load
from agent.show import Show
from envs.viewer.window import Window
from training.watch import live_episodes


@dataclass(frozen=True)
class Viewer:
    """Watch a mind in the window for a while, and time the frames."""

    policy: str = "nano"
    """Who is watched: a model, fresh or of a run."""
    task: str = "goto-small"
    """What it plays, one episode after another."""
    seconds: float = 20.0
    """How long."""
    json: Path | None = None
    """Where to write the result as JSON."""


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """From frame to frame, over all of them."""

    frames: int
    median_ms: float
    late_ms: float
    """99 of 100 frames came sooner"""
    tokens: int
    """that the mind sampled meanwhile"""


def time_viewer(asked: Viewer) -> FrameTimes:
    """Show episodes at the highest speed, so that the mind is nearly always at work.

    Raises:
        OSError: if there is no display; `SDL_VIDEODRIVER=dummy` stands in for one.
    """
    make = partial(envs.make, render_mode="rgb_array")
    episodes = live_episodes([load(asked.policy)], asked.task, 0, make)
    window = Window("how smooth?")
    show = Show(episodes, perf_counter())
    show.fastest()
    number, tokens = 0, 0
    began = last = perf_counter()
    times: list[float] = []
    try:
        while last - began < asked.seconds:
            for command in window.commands():
                show.do(command)
            show.tick(perf_counter())
            window.show(show.scene())
            if show.over:
                tokens += _sampled(show)
                number += 1
                show.go_to(number)
            now = perf_counter()
            times.append(now - last)
            last = now
        tokens += _sampled(show)
    finally:
        window.close()
        show.close()
    median, late = np.percentile(1000 * np.array(times), (50, 99))
    return FrameTimes(len(times), float(median), float(late), tokens)


def _sampled(show: Show) -> int:
    return sum(len(now.tokens) for stage in show.stages for now in stage.moments)
