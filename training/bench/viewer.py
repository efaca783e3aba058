"""How smoothly a mind is watched, and how soon: times from frame to frame while it thinks."""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import pygame

import envs
from agent.loading import load
from agent.show import Show
from envs.viewer.window import SIZE, Window
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
    size: tuple[int, int] = SIZE
    """Of the window, in pixels."""
    starts: int = 1
    """How often to time the way from the command to the first frame; 0: not at all."""
    json: Path | None = None
    """Where to write the result as JSON."""


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """From frame to frame, over all of them."""

    frames: int
    frames_per_second: float
    median_ms: float
    p99_ms: float
    """99 of 100 frames came sooner"""
    tokens: int
    """that the mind sampled meanwhile"""
    size: tuple[int, int]
    """of the window, in pixels"""
    display: str
    """what SDL drew on; `dummy` shows nothing"""


def time_viewer(asked: Viewer) -> FrameTimes:
    """Show episodes at the highest speed, so that the mind is nearly always at work.

    Raises:
        OSError: if there is no display; `SDL_VIDEODRIVER=dummy` stands in for one.
    """
    make = partial(envs.make, render_mode="rgb_array")
    episodes = live_episodes([load(asked.policy)], asked.task, 0, make)
    window = Window("how smooth?", asked.size)
    display = pygame.display.get_driver()
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
    rate = len(times) / sum(times)
    return FrameTimes(len(times), rate, float(median), float(late), tokens, asked.size, display)


FIRST_FRAME = """
import sys
from envs.viewer.window import Window
show = Window.show
def show_once(window, scene):
    show(window, scene)
    print("shown", flush=True)
    raise SystemExit
Window.show = show_once
from scripts.watch import main
main(sys.argv[1:])
"""
"""The window as `python -m scripts.watch` opens it, left as its first frame is shown."""


def seconds_to_first_frame(policy: str, task: str) -> float:
    """From the command that opens the window to its first frame, in a process of its own.

    Raises:
        OSError: if no window could be opened, with what was said.
    """
    command = [sys.executable, "-c", FIRST_FRAME, "--policy", policy, "--task", task]
    began = perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as asked:
        assert asked.stdout
        for line in asked.stdout:
            if line == "shown\n":
                return perf_counter() - began
        _, said = asked.communicate()
    raise OSError(f"the window did not open: {said.strip()}")


def _sampled(show: Show) -> int:
    return sum(len(now.tokens) for stage in show.stages for now in stage.moments)
