"""Cold start: imitation of a few demonstrated episodes, replies alone.

The first replies of an untrained model cannot be read, so no group would have any spread and GRPO
nothing to compare. A small set of demonstrations teaches the form, and some of the skill.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from torch import Tensor

from agent.language_policy import DictatedPolicy
from agent.models import Mind
from agent.policies import ExpertPolicy
from agent.rollout import play
from agent.types import Episode
from training.batching import Batch, batch_episodes
from training.config import TrainConfig
from training.learner import Learner, Update
from training.losses import token_weights
from training.starts import (
    COLD_START,
    DEMONSTRATIONS,
    draw_questions,
    draw_starts,
    training_world,
)

logger = logging.getLogger(__name__)


def demonstrate(
    config: TrainConfig, mind: Mind, on_episode: Callable[[Episode], object] | None = None
) -> list[Episode]:
    """The expert's episodes on training missions, and on easy questions, with their tokens.

    Failures are left out, except of an expert that errs: it fails where the way is long, and long
    ways are to be shown, too.

    Args:
        on_episode: told of every episode as it ends.

    Raises:
        ValueError: if the expert can't do the task, or never succeeds on these missions.
    """
    starts = draw_starts(config, DEMONSTRATIONS, 0, config.cold.demonstrations)
    starts += draw_questions(config, config.cold.questions)
    modes = config.cold.modes or (config.reply_mode,)
    episodes = [
        episode
        for number, mode in enumerate(modes)
        for episode in play(
            DictatedPolicy(
                mind,
                ExpertPolicy(
                    mode,
                    config.cold.slips,
                    config.cold.habit,
                    misdeeds=config.cold.misdeeds,
                    numbered=config.sampling.numbered,
                ),
                config.sampling,
                config.cold.false_notes,
            ),
            [(start, 0) for start in starts[number :: len(modes)]],
            make=training_world(config, drawn=config.cold.drawn),
            on_episode=on_episode,
        )
    ]
    won = [episode for episode in episodes if episode.success]
    if not won:
        raise ValueError(
            f"the expert succeeded in none of {len(episodes)} episodes of {config.task}: "
            "raise its turn limit, or train with --cold-start none"
        )
    if config.cold.habit:
        return episodes
    if len(won) < len(episodes):
        logger.warning("%d demonstrations failed and are left out", len(episodes) - len(won))
    return won


def imitate(
    config: TrainConfig,
    learner: Learner,
    shown: list[Episode],
    step: int,
) -> tuple[Update, int]:
    """One update: next-token loss on replies of some demonstrations, each token the same.

    Slips are read, and not imitated. With `cold.reading`, what is read is foretold, too, each token
    the same, and the losses are added. Which demonstrations depends on the run's seed and the step
    alone. Also returns the tokens of its rows.
    """
    rng = np.random.default_rng([config.seed, COLD_START, step])
    size = min(config.cold.episodes_per_step, len(shown))
    episodes = [shown[index] for index in rng.choice(len(shown), size=size, replace=False)]
    if config.cold.rows_per_step:
        rows = [replace(one, turns=turns) for one in episodes for turns in one.segments()]
        size = min(config.cold.rows_per_step, len(rows))
        episodes = [rows[index] for index in rng.choice(len(rows), size=size, replace=False)]
    imitated = [[float(not turn.slip) for turn in one.turns] for one in episodes]
    batch = batch_episodes(episodes, advantages=imitated)
    weights = token_weights(batch.mask & (batch.advantages > 0), batch.episode, "dapo")
    if config.cold.reading:
        read = batch.read()
        weights += config.cold.reading * token_weights(read, batch.episode, "dapo")
        batch = replace(batch, mask=batch.mask | read)

    def loss(rows: Tensor, part: Batch, log_probs: Tensor) -> Tensor:
        return -(weights[rows, : part.width].to(log_probs.device) * log_probs).sum()

    return learner.update(batch, loss), int(batch.lengths.sum())
