"""Causal attention on a CPU, as plain products over blocks of queries.

A block's queries attend to no key behind its last one, so that half of the square of scores is
never computed. torch's fused kernel takes three times as long, forward and back, and its gradients
are further off (docs/performance.md).

Scores in bf16 are off by up to 1 in 256 of themselves. A model that was published in bf16 has none
that this would hurt. Heads that copy, as `nano`'s do, have scores so large that it changes little
of what a model says, and all of its gradient (docs/LOG.md): such a model says so in its
configuration, under `EXACT`, and attends in fp32.

Shapes: R rows, H heads of queries, K of keys and values, T tokens, L attended to, D head size.
"""

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel

NAME = "causal_blocks"
FAMILY = {"llama", "qwen2", "qwen3"}
"""Types of models whose attention is what `causal_attention` computes, and nothing more."""
EXACT = "attention_in_fp32"
"""The setting of a model's configuration; False where it is missing."""
QUERIES = 128
"""In a block."""


def is_known(model: PreTrainedModel) -> bool:
    """Whether parts of a model are computed our own way: of the `FAMILY`, on a CPU."""
    return model.device.type == "cpu" and model.config.model_type in FAMILY


def attention_for(model: PreTrainedModel) -> str:
    """The name of the attention that a model learns fastest with where it is."""
    return NAME if is_known(model) else str(model.config._attn_implementation)


def causal_attention(
    query: Tensor, key: Tensor, value: Tensor, scaling: float, exact: bool = False
) -> Tensor:
    """Attention of the last tokens of some rows to all that came before them, and to themselves.

    The queries that share a head of keys are the rows of one product.

    Args:
        query: [R, H, T, D].
        key, value: [R, K, L, D], where K divides H and T is at most L.
        scaling: what the scores are multiplied by.
        exact: compute in fp32, whatever the values are in.

    Returns:
        [R, T, H, D], in the precision of the values.
    """
    rows, heads, tokens, size = query.shape
    shared, before = key.shape[1], key.shape[2] - tokens
    dtype = torch.float32 if exact else value.dtype
    with torch.autocast(query.device.type, enabled=False):
        grouped = (query * scaling).to(dtype).reshape(rows * shared, -1, tokens, size)
        keys, values = key.to(dtype).flatten(0, 1), value.to(dtype).flatten(0, 1)
        attended = []
        for first in range(0, tokens, QUERIES):
            block = grouped[:, :, first : first + QUERIES]
            count, reach = block.shape[2], before + first + block.shape[2]
            scores = torch.bmm(block.flatten(1, 2), keys[:, :reach].mT)
            ahead = scores.new_full((count, reach), float("-inf")).triu_(reach - count + 1)
            weights = (scores.view(rows * shared, -1, count, reach) + ahead).softmax(-1)
            attended.append(torch.bmm(weights.flatten(1, 2), values[:, :reach]).view_as(block))
        whole = torch.cat(attended, dim=2).view(rows, heads, tokens, size)
    return whole.transpose(1, 2).contiguous().to(value.dtype)


def _attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, mask: None, scaling: float, **_: Any
) -> tuple[Tensor, None]:
    """What transformers calls in place of its own attention; it gives no weights."""
    exact = getattr(module.config, EXACT, False)
    return causal_attention(query, key, value, scaling, exact), None


def _no_mask(*_: Any, **__: Any) -> None:
    """Rows are padded on the right: what is causal needs no mask."""


AttentionInterface.register(NAME, _attend)
AttentionMaskInterface.register(NAME, _no_mask)
