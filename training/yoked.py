"""The yoked control: to be shown what another run did, step by step, and to do nothing oneself.

After Held and Hein's kittens (1963), of which one walked and the other was carried along the same
way. The episodes that a run played are imitated in their order, the same rows and tokens in each
step as that run learned from; whether they went well or badly is not told.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from agent.types import Group
from training.batching import Batch, make_batch
from training.config import TrainConfig
from training.grpo import assess
from training.learner import Learner, Update
from training.losses import token_weights
from training.replays import episode_lines, kept_episode
from training.rows import rows_to_read


def transcripts(run: Path) -> Iterator[tuple[int, list[Group]]]:
    """The steps of GRPO that a run played, each with its groups, in their order.

    Raises:
        ValueError: if the run kept no episodes, or the file is damaged.
    """
    step: int | None = None
    groups: dict[int, Group] = {}
    with episode_lines(run).open(encoding="utf-8") as file:
        for line in file:
            try:
                kept = kept_episode(json.loads(line))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(
                    f"{file.name} holds something that is no episode: {error!r}"
                ) from error
            if kept.step != step:
                if step is not None:
                    yield step, list(groups.values())
                step, groups = kept.step, {}
            before = groups.get(kept.group, Group(kept.episode.start, ()))
            groups[kept.group] = Group(before.start, (*before.episodes, kept.episode))
    if step is not None:
        yield step, list(groups.values())


def follow(
    config: TrainConfig, learner: Learner, groups: Sequence[Group], step: int
) -> tuple[Update | None, int]:
    """One update: next-token loss on what was replied in a step, each token the same.

    Returns:
        the update, None where the step has nothing to show, and the tokens of its rows.
    """
    scored = assess(list(groups), config.grpo, (config.seed, step))
    batch = make_batch(groups, scored.advantages)
    batch = batch.take(rows_to_read(batch, config.grpo, (config.seed, step)).indices)
    if config.yoked_part == "successes" and len(batch):
        batch = batch.take(_won(groups, batch))
    if not len(batch):
        return None, 0
    weights = token_weights(batch.mask, batch.episode, "dapo")

    def loss(rows: Tensor, part: Batch, log_probs: Tensor) -> Tensor:
        return -(weights[rows, : part.width].to(log_probs.device) * log_probs).sum()

    return learner.update(batch, loss), int(batch.lengths.sum())


def _won(groups: Sequence[Group], batch: Batch) -> Tensor:
    """The rows of episodes that succeeded."""
    won = torch.tensor([episode.success for group in groups for episode in group.episodes])
    return won[batch.episode].nonzero()[:, 0]
