"""One step of GRPO: score the groups, compare within them, update the policy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from agent.types import Group
from training.advantages import Advantages, group_advantages
from training.batching import Batch
from training.config import GrpoConfig
from training.learner import Learner, Update
from training.losses import grpo_token_loss, token_weights
from training.rewards import permute, score
from training.rows import rows_to_read
from training.step_credit import permute_steps, step_advantages

MOST_RATIO = 100.0
"""A token that has become so much likelier, or less likely, within one batch, was not moved by
learning: its update is skipped."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A step's rewards [G, K] and advantages [G, K]."""

    rewards: np.ndarray
    advantages: Advantages


def assess(groups: list[Group], config: GrpoConfig, seed: Sequence[int] = (0,)) -> Scored:
    """Rewards and advantages, with the credit of turns where the config asks for it.

    In the control, `seed` deals anew both what episodes earn and what turns do: an episode's length
    tells how it went, and step credit reads the length.
    """
    rewards = score(groups, length_shade=config.length_shade, format_coef=config.format_coef)
    if config.permute_returns:
        rewards = permute(rewards, seed)
    advantages = group_advantages(rewards, config.normalise)
    if config.step_credit:
        whole = config.episode_credit * advantages.values
        kept = advantages.kept & (config.episode_credit > 0)
        outcomes = score(groups, length_shade=config.length_shade, format_coef=0.0)
        steps = step_advantages(groups, outcomes, config.discount, config.format_coef)
        if config.permute_returns:
            steps = permute_steps(steps, seed)
        weighted = [[config.step_credit * one for one in group] for group in steps]
        taught = np.array([any(one.any() for one in group) for group in steps])
        advantages = Advantages(whole, kept | taught, weighted)
    return Scored(rewards, advantages)


def learn(
    learner: Learner,
    batch: Batch,
    config: GrpoConfig,
    *,
    seed: Sequence[int] = (0,),
    reference: nn.Module | None = None,
    episode_tokens: int | None = None,
) -> tuple[Update, dict[str, float]]:
    """`updates_per_batch` updates on one batch.

    The old policy's log-probabilities are the learner's own from the first pass, in which nothing
    has moved yet: no pass is spent on them, and what separates sampler from learner (precision)
    does not look like a step of the policy.

    Of the batch `rows_to_read` are read.

    Args:
        seed: of which rows are read, where not all are.
        reference: the frozen policy for KL; needed where `kl_coef` is not 0.
        episode_tokens: the constant of the weighting `dr_grpo`.

    Returns:
        the last update, and figures to log: the tokens it learned from, and means over those of
        them that were sampled.
    """
    weights = token_weights(
        batch.mask, batch.episode, config.weighting, episode_tokens=episode_tokens
    )
    read = rows_to_read(batch, config, seed)
    batch = batch.take(read.indices)
    weights = weights[read.indices, : batch.width] * read.counts[:, None]
    old = torch.zeros_like(batch.log_probs)
    names = ("sampler_gap", "clipped", "old_kl", "reference_kl", "moved")
    figures = {name: torch.zeros_like(batch.log_probs) for name in names}

    def loss(first: bool, rows: Tensor, part: Batch, log_probs: Tensor) -> Tensor:
        width = part.width
        if first:
            old[rows, :width] = log_probs.detach().cpu()
        figures["moved"][rows, :width] = (log_probs.detach().cpu() - old[rows, :width]).abs()
        frozen = None
        if reference is not None:
            with torch.no_grad():
                frozen, _ = learner.log_probs(part, reference)
        tokens = grpo_token_loss(
            log_probs,
            old[rows, :width].to(log_probs.device),
            part.advantages,
            clip_low=config.clip_low,
            clip_high=config.clip_high,
            reference_log_probs=frozen,
            kl_coef=config.kl_coef,
        )
        figures["clipped"][rows, :width] = tokens.clipped.float().cpu()
        figures["old_kl"][rows, :width] = tokens.old_kl.cpu()
        figures["reference_kl"][rows, :width] = tokens.reference_kl.cpu()
        if first:  # later, sampler and learner do not have the same weights
            gap = (log_probs.detach() - part.log_probs).abs()
            figures["sampler_gap"][rows, :width] = gap.cpu()
        return (weights[rows, :width].to(log_probs.device) * tokens.loss).sum()

    def refuse() -> str:
        if not torch.isfinite(batch.log_probs).all():
            return "a log-probability of the sampler is not finite"
        most = float(figures["moved"].max())
        return f"a ratio is {math.exp(min(most, 99)):.3g}" if most > math.log(MOST_RATIO) else ""

    for number in range(config.updates_per_batch):
        update = learner.update(batch, partial(loss, number == 0), refuse)
        if update.skipped:
            break
    moved = figures.pop("moved")
    means = {name: float(each[batch.mask].mean()) for name, each in figures.items()}
    tokens = int(batch.lengths.sum()) * config.updates_per_batch
    return update, means | {"ratio": float(moved.max().exp()), "tokens_trained": tokens}


def strange_reward(groups: Sequence[Group], allowed: tuple[float, float]) -> str:
    """Which reward lies outside the range that its world declares, in a few words."""
    least, most = allowed
    for group in groups:
        for turn in (turn for episode in group.episodes for turn in episode.turns):
            if not least <= turn.reward <= most:  # nor is a NaN
                return (
                    f"a turn of {group.start.task}, seed {group.start.seed}, paid {turn.reward}, "
                    f"outside of {least} to {most}"
                )
    return ""
