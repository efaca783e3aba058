"""Attention as plain products in fp32, for rows too short for a fused kernel to pay.

Scores in bf16 are off by up to 1 in 256 of themselves. Where attention is sharp, as that of heads
that copy is, this changes little of what a model says, and all of its gradient: of a batch of
`nano`'s, six tenths of it were rounding, and for some rows the gradient was seven times too long
(docs/LOG.md). Products this small are as fast in fp32.

Shapes: R rows, H heads of queries, K of keys and values, T tokens, L attended to, D head size.
"""

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import eager_mask

NAME = "plain_fp32"
FAMILY = {"llama", "qwen2", "qwen3"}
"""Types of models whose attention is what `plain_attention` computes, and nothing more."""
SHORT = 256
"""Rows shorter than this attend by plain products on a CPU: at 80 tokens an update so takes half
the time that it takes with the fused kernel, at 256 as long, at 400 a sixth longer."""


def attention_for(model: PreTrainedModel, width: int) -> str:
    """The name of the attention that a model learns fastest with from rows of `width` tokens."""
    own = str(model.config._attn_implementation)
    plain = model.device.type == "cpu" and model.config.model_type in FAMILY and width < SHORT
    return NAME if plain else own


def plain_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    scaling: float,
    **_: Any,
) -> tuple[Tensor, None]:
    """What transformers calls in place of its own attention.

    The queries that share a head of keys are the rows of one product.

    Args:
        query: [R, H, T, D].
        key, value: [R, K, L, D], where K divides H.
        attention_mask: added to the scores, [R, 1, T, L].
        scaling: what the scores are multiplied by.

    Returns:
        [R, T, H, D], in the precision of the values; and no weights.
    """
    rows, heads, tokens, size = query.shape
    shared, length = key.shape[1:3]
    with torch.autocast(query.device.type, enabled=False):
        query = (query.float() * scaling).reshape(rows, shared, -1, size)
        scores = (query @ key.float().mT).view(rows, heads, tokens, length)
        weights = (scores + attention_mask).softmax(-1).view(rows, shared, -1, length)
        attended = (weights @ value.float()).view(rows, heads, tokens, size)
    return attended.transpose(1, 2).contiguous().to(value.dtype), None


AttentionInterface.register(NAME, plain_attention)
AttentionMaskInterface.register(NAME, eager_mask)
