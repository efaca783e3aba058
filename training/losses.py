"""The loss of GRPO, token by token, and what each token weighs.

    loss = (token_weights(...) * grpo_token_loss(...).loss).sum()

The weights are made for the whole batch at once and sum over it. A micro-batch takes its own part
of them, so that the sum, and with it the gradient, is the same however the rows are cut.

Shapes: R rows, T tokens.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from envs.errors import unknown

Weighting = Literal["episode", "dapo", "dr_grpo"]
WEIGHTINGS: tuple[Weighting, ...] = ("episode", "dapo", "dr_grpo")


def token_weights(
    mask: Tensor,
    episode: Tensor,
    weighting: Weighting = "episode",
    *,
    episode_tokens: int | None = None,
) -> Tensor:
    """What each token of the batch weighs in the loss: [R, T] float32, 0 where not sampled.

    ===========  =============================  ============================================
    `episode`    1 / (E * its episode's tokens)  every episode counts the same, however long
                                                 (GRPO, https://arxiv.org/abs/2402.03300)
    `dapo`       1 / all tokens                  every token counts the same; long failures
                                                 outweigh short successes
                                                 (DAPO, https://arxiv.org/abs/2503.14476)
    `dr_grpo`    1 / (E * episode_tokens)        a constant, blind to length
                                                 (Dr. GRPO, https://arxiv.org/abs/2503.20783)
    ===========  =============================  ============================================

    E is the number of episodes in the batch. An episode's tokens are those it sampled, in all its
    rows together.

    Args:
        mask: [R, T] bool, True where sampled.
        episode: [R] int64, which episode a row belongs to.
        weighting: one of the above.
        episode_tokens: the constant of `dr_grpo`: the most tokens an episode may sample.
    """
    assert mask.ndim == 2 and mask.dtype == torch.bool, f"mask: {mask.dtype} {mask.shape}"
    assert episode.shape == mask.shape[:1], f"episode: {episode.shape}, mask: {mask.shape}"
    if weighting not in WEIGHTINGS:
        raise unknown("weighting", weighting, WEIGHTINGS)
    episodes, position = torch.unique(episode, return_inverse=True)  # [E], [R]
    row_tokens = mask.sum(dim=1).float()  # [R]
    if weighting == "episode":
        tokens = torch.zeros(len(episodes), device=mask.device)  # [E]
        tokens = tokens.index_add(0, position, row_tokens).clamp(min=1.0)
        share = 1.0 / (len(episodes) * tokens[position])
    elif weighting == "dapo":
        share = torch.ones_like(row_tokens) / row_tokens.sum().clamp(min=1.0)
    else:
        if episode_tokens is None or episode_tokens < 1:
            raise ValueError(
                "the weighting dr_grpo divides by a constant: set episode_tokens to the most "
                f"tokens an episode may sample; got {episode_tokens}."
            )
        share = torch.ones_like(row_tokens) / (len(episodes) * episode_tokens)
    return mask * share[:, None]


@dataclass(frozen=True, slots=True)
class TokenLoss:
    """The loss of each token, and what to log about it; average under the mask. All [R, T]."""

    loss: Tensor
    """to be weighted and summed; carries the gradient"""
    clipped: Tensor
    """bool, True where the clip stopped the gradient"""
    old_kl: Tensor
    """how far the policy has moved from the weights that sampled"""
    reference_kl: Tensor
    """how far it is from the reference policy; 0 where there is none"""


def grpo_token_loss(
    log_probs: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    *,
    clip_low: float = 0.2,
    clip_high: float = 0.28,
    reference_log_probs: Tensor | None = None,
    kl_coef: float = 0.0,
) -> TokenLoss:
    """PPO's clipped objective on group advantages, with a KL penalty.

    With ratio = p / p_old::

        loss = -min(ratio * A, clip(ratio, 1 - clip_low, 1 + clip_high) * A) + kl_coef * KL

    PPO: https://arxiv.org/abs/1707.06347. GRPO: https://arxiv.org/abs/2402.03300. A wider clip
    above than below keeps unlikely tokens alive: DAPO, https://arxiv.org/abs/2503.14476.

    KL is ratio * k3 against the reference policy. k3 never is negative and has little variance
    (http://joschu.net/blog/kl-approx.html); times the ratio, both it *and its gradient* are
    unbiased for tokens the old policy sampled (DeepSeek-V3.2, https://arxiv.org/abs/2512.02556).
    Without the ratio its gradient is that of another divergence, even on fresh samples.

    Args:
        log_probs: [R, T], of each sampled token under the policy in training.
        old_log_probs: [R, T], under the weights that sampled it; no gradient.
        advantages: [R, T], of each token's turn; the same all along an episode where turns get
            no credit of their own.
        clip_low: how far below 1 the ratio may fall and still be pushed, 0 to 1.
        clip_high: how far above 1 it may rise.
        reference_log_probs: [R, T], under the frozen reference; needed where kl_coef is not 0.
        kl_coef: weight of KL.
    """
    assert log_probs.ndim == 2, f"log_probs: {log_probs.shape}"
    assert old_log_probs.shape == log_probs.shape, f"{old_log_probs.shape} {log_probs.shape}"
    assert advantages.shape == log_probs.shape, f"{advantages.shape} {log_probs.shape}"
    assert not old_log_probs.requires_grad and not advantages.requires_grad
    if not 0.0 <= clip_low < 1.0 or clip_high < 0.0:
        raise ValueError(
            "the ratio stays between 1 - clip_low and 1 + clip_high: clip_low must lie in [0, 1) "
            f"and clip_high be 0 or more; got {clip_low} and {clip_high}."
        )
    ratio = torch.exp(log_probs - old_log_probs)
    bounded = ratio.clamp(1.0 - clip_low, 1.0 + clip_high) * advantages
    pushed = ratio * advantages
    loss = -torch.minimum(pushed, bounded)

    reference_kl = torch.zeros_like(old_log_probs)
    if kl_coef:
        assert reference_log_probs is not None, "a KL penalty needs a reference policy"
        assert reference_log_probs.shape == log_probs.shape, f"{reference_log_probs.shape}"
        penalty = ratio * k3(log_probs, reference_log_probs)
        loss = loss + kl_coef * penalty
        reference_kl = penalty.detach()

    return TokenLoss(
        loss=loss,
        clipped=(bounded < pushed).detach(),
        old_kl=(ratio * k3(log_probs, old_log_probs)).detach(),
        reference_kl=reference_kl,
    )


def k3(log_probs: Tensor, other_log_probs: Tensor) -> Tensor:
    """Schulman's low-variance estimate of KL(p || q) from samples of p, never negative.

    q / p - 1 - log(q / p), elementwise; http://joschu.net/blog/kl-approx.html.
    """
    log_ratio = other_log_probs - log_probs
    return torch.exp(log_ratio) - 1.0 - log_ratio
