"""Drawing tokens: one uniform number a draw, so that a row depends on its own random stream alone.

Legend: `R` rows, `V` vocabulary.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

BLOCK = 256
"""Tokens summed at once, before the cumulative sum."""


def draw(
    logits: Tensor,
    uniforms: Sequence[float | None],
    temperature: float = 1.0,
    *,
    top_k: int = 0,
    top_p: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """One token a row, and its log-probability.

    Args:
        logits: fp32 `[R, V]`; overwritten.
        uniforms: a number in [0, 1) a row; None takes the likeliest token.
        temperature: divides the logits; above 0.
        top_k, top_p: see `truncated`; 0 and 1 leave all tokens in.

    Returns:
        tokens, int64 `[R]`, and their natural log-probabilities, fp32 `[R]`: at the temperature,
        over the whole vocabulary, which is what a learner computes again.

    >>> logits = torch.tensor([[0.5, 0.25, 0.25]]).log().repeat(4, 1)
    >>> draw(logits, [0.49, 0.51, 0.76, None])[0]
    tensor([0, 1, 2, 0])
    """
    likeliest = logits.argmax(-1) if None in uniforms else None
    logits -= logits.amax(-1, keepdim=True)
    logits /= temperature
    weights = logits.exp()
    numbers = torch.tensor([number or 0.0 for number in uniforms], dtype=torch.float64)
    tokens = inverse_cdf(truncated(weights, top_k, top_p), numbers.to(logits.device))
    if likeliest is not None:
        is_greedy = torch.tensor([number is None for number in uniforms], device=logits.device)
        tokens = torch.where(is_greedy, likeliest, tokens)
    chosen = logits.gather(-1, tokens[:, None])[:, 0]
    return tokens, chosen - weights.sum(-1).log()


def truncated(weights: Tensor, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """The weights with those of unlikely tokens set to 0.

    Args:
        weights: `[R, V]`, none negative, some positive in each row.
        top_k: keep so many tokens, and those as likely as the last of them; 0: all.
        top_p: of these keep the likeliest, as few as together have this share of the weight
            (nucleus sampling, https://arxiv.org/abs/1904.09751); 1: all.

    >>> truncated(torch.tensor([[0.1, 0.4, 0.2, 0.3]]), top_k=3, top_p=0.7)
    tensor([[0.0000, 0.4000, 0.0000, 0.3000]])
    """
    if top_k:
        last = weights.topk(min(top_k, weights.shape[-1])).values[:, -1:]
        weights = weights.where(weights >= last, 0)
    if top_p < 1:
        ordered, order = weights.sort(descending=True, stable=True)
        likelier = ordered.double().cumsum(-1) - ordered
        ordered = ordered.where(likelier < top_p * ordered.double().sum(-1, keepdim=True), 0)
        weights = torch.zeros_like(weights).scatter(-1, order, ordered)
    return weights


def inverse_cdf(weights: Tensor, uniforms: Tensor) -> Tensor:
    """The first token of each row whose cumulative weight exceeds `uniform` times the row's total.

    A token of weight 0 is never drawn. The cumulative sum runs over blocks of tokens, then within
    the block that was hit: over 49,152 tokens at once it takes several times as long.

    Args:
        weights: fp32 `[R, V]`, none negative, some positive in each row.
        uniforms: fp64 `[R]` in [0, 1).

    Returns:
        int64 `[R]`.

    >>> weights = torch.tensor([[0.0, 1.0, 0.0, 3.0]])
    >>> [int(inverse_cdf(weights, torch.tensor([u]).double())) for u in (0.0, 0.24, 0.25, 0.99)]
    [1, 1, 3, 3]
    """
    rows, vocabulary = weights.shape
    if vocabulary % BLOCK:
        weights = pad(weights, (0, BLOCK - vocabulary % BLOCK))
    blocks = weights.view(rows, -1, BLOCK)
    reached = blocks.sum(-1).double().cumsum(-1)
    target = uniforms * reached[:, -1]
    block = _first_above(reached, target)
    before = torch.where(block > 0, reached.gather(-1, (block - 1).clamp(min=0)[:, None])[:, 0], 0)
    within = blocks[torch.arange(rows, device=weights.device), block].double().cumsum(-1)
    return block * BLOCK + _first_above(within, target - before)


def _first_above(cumulative: Tensor, target: Tensor) -> Tensor:
    """Index of the first entry above the target; the last that adds anything, should none be.

    Rounding alone lets a target reach the end of a cumulative sum.
    """
    first = (cumulative <= target[:, None]).sum(-1)
    last = (cumulative < cumulative[:, -1:]).sum(-1)
    return torch.minimum(first, last)
