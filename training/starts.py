"""Which missions are played: drawn anew for training, fixed for measuring."""

from collections.abc import Callable

import numpy as np

import envs
from agent.policies import ReactivePolicy
from agent.rollout import play
from agent.types import Start
from envs.tasks import Split, is_grid, refuse_held_out, seeds
from envs.text_world import TextWorld
from training.config import TrainConfig

PATIENCE = 100
"""How often starts are drawn anew to find hard and easy ones."""

DEMONSTRATIONS, COLD_START, GRPO = range(3)
"""Stages, as the first number of every random stream after the run's seed."""


def draw_starts(config: TrainConfig, stage: int, step: int, count: int) -> list[Start]:
    """Training starts of a step: the same for the same run seed, stage and step, in any order.

    Nothing is carried from step to step, so a resumed run draws what the interrupted one would.
    `hard_share` of them are missions that the rule without memory fails, if such are found.
    """
    train = seeds(Split.TRAIN, 1 << 30)
    rng = np.random.default_rng([config.seed, stage, step])

    def draw() -> list[Start]:
        drawn = rng.integers(len(train), size=count)
        return [Start(config.task, train[int(index)]) for index in drawn]

    if not config.hard_share:
        return draw()
    make = training_world(config)
    wanted = round(config.hard_share * count)
    hard: list[Start] = []
    easy: list[Start] = []
    for _ in range(PATIENCE):
        for episode in play(ReactivePolicy(), [(start, 0) for start in draw()], make=make):
            (easy if episode.success else hard).append(episode.start)
        if len(hard) >= wanted and len(easy) >= count - wanted:
            break
    share = min(len(hard), max(wanted, count - len(easy)))
    return [*hard[:share], *easy[: count - share]]


def draw_questions(config: TrainConfig, count: int) -> list[Start]:
    """Easy questions to be shown in a cold start: the same for the same run seed."""
    rng = np.random.default_rng([config.seed, DEMONSTRATIONS, 1])
    train = seeds(Split.TRAIN, 1 << 30)
    return [Start("questions-easy", train[int(i)]) for i in rng.integers(len(train), size=count)]


def fixed_starts(config: TrainConfig, split: Split, count: int) -> list[Start]:
    """The first `count` missions of a held-out split: the same for every run and every arm."""
    return [Start(config.task, seed) for seed in seeds(split, count)]


def training_world(
    config: TrainConfig, most_turns: int = 0, drawn: bool = False
) -> Callable[[str], TextWorld]:
    """Makes the run's worlds. Questions are told in one way.

    Args:
        most_turns: that an episode in a grid may have; 0: as many as its level says.
        drawn: each episode has words of its own, whatever the run's are.

    Raises:
        ValueError: if the task or its options are held out for tests of generalisation.
    """
    refuse_held_out(config.task, {"phrasing": config.phrasing})
    told = {name: getattr(config, name) for name in ("phrasing", "nouns", "vocabulary")}
    if drawn:
        told = dict.fromkeys(told, "drawn")

    def make(task: str) -> TextWorld:
        options = {**told, "most_turns": most_turns or None} if is_grid(task) else {}
        return envs.make(task, **options)

    return make
