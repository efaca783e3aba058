"""How long a world takes: a level's own step, the same step told in text, and their resets."""

from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple, TypeVar

import numpy as np

import envs
from envs.actions import MOVES, Action
from envs.grid_world import GridWorld

Move = TypeVar("Move")


@dataclass(frozen=True)
class Env:
    """Time the steps and resets of levels, raw and told in text."""

    worlds: tuple[str, ...] = ("goto-small", "goto-local", "mixed", "fourrooms", "BabyAI-GoTo-v0")
    """Tasks, or ids of levels."""
    rounds: int = 9
    """Rounds of raw and of text steps, in turns; what is shown are medians over all of them."""
    steps: int = 200
    """Steps in a round; resets are a tenth as many."""
    json: Path | None = None
    """Where to write the result as JSON."""


@dataclass(frozen=True, slots=True)
class EnvTiming:
    """Medians in microseconds: unlike means, they say little of what else the machine does."""

    world: str
    raw_step_us: float
    text_step_us: float
    raw_reset_us: float
    text_reset_us: float
    rounds: int
    steps: int
    """Steps in a round; resets are a tenth as many."""

    @property
    def step_ratio(self) -> float:
        """A text step over a raw one: 2 would mean that the text costs as much as the step."""
        return self.text_step_us / self.raw_step_us

    @property
    def reset_ratio(self) -> float:
        """A text reset over a raw one."""
        return self.text_reset_us / self.raw_reset_us


class Times(NamedTuple):
    """Seconds, one number for each call."""

    steps: list[float]
    resets: list[float]


def time_world(task_or_id: str, rounds: int = 9, steps: int = 200) -> EnvTiming:
    """Time a world against the level that it tells of, on the same seeds and the same moves.

    Rounds of the two alternate, so that a machine that grows slower or faster meanwhile, or does
    other work, changes both alike.
    """
    if rounds < 1 or steps < 1:
        raise ValueError(f"rounds and steps must be at least 1, got {rounds} and {steps}.")
    # With the level's own turn limit, both see the same episodes to the same ends.
    world, other = (envs.make(task_or_id, turn_limit=None) for _ in range(2))
    assert isinstance(world, GridWorld)
    assert isinstance(other, GridWorld)
    level = other.raw
    actions = [Action(move) for move in np.random.default_rng(0).choice(MOVES, steps).tolist()]
    words = [world.action_set.word(action) for action in actions]

    def raw_reset(seed: int) -> None:
        with redirect_stdout(None):
            level.reset(seed=seed)

    def text_reset(seed: int) -> None:
        world.reset(seed=seed)

    raw, text = Times([], []), Times([], [])
    for number in range(rounds + 1):
        if number == 1:  # the first round was to warm up
            raw, text = Times([], []), Times([], [])
        seeds = range(number * steps, (number + 1) * steps)
        _time_round(level.step, actions, raw_reset, seeds, raw)
        _time_round(world.step, words, text_reset, seeds, text)
    return EnvTiming(
        task_or_id,
        raw_step_us=1e6 * median(raw.steps),
        text_step_us=1e6 * median(text.steps),
        raw_reset_us=1e6 * median(raw.resets),
        text_reset_us=1e6 * median(text.resets),
        rounds=rounds,
        steps=steps,
    )


def _time_round(
    step: Callable[[Move], tuple[object, ...]],
    moves: Sequence[Move],
    reset: Callable[[int], None],
    seeds: range,
    times: Times,
) -> None:
    """Add the times of one round."""
    for seed in reversed(seeds[: max(1, len(seeds) // 10)]):
        started = perf_counter()
        reset(seed)
        times.resets.append(perf_counter() - started)
    episode = 0
    for move in moves:
        started = perf_counter()
        _, _, terminated, truncated, _ = step(move)
        times.steps.append(perf_counter() - started)
        if terminated or truncated:
            episode += 1
            reset(seeds[episode % len(seeds)])
