"""Forward passes over the newest tokens of many segments, against what the cache holds of them.

`PublicDecoder` goes through the model's own forward pass and works for every architecture. At 128
rows of a small model that spends more time between matrix products than in them, so the Llama
family has a decoder of its own. Both give the same numbers up to rounding; a test compares them.

Legend: `R` rows, `T` new tokens a row, `L` positions attended to, `V` vocabulary, `H` query heads,
`K` key/value heads, `D` head size.
"""

from inspect import signature
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM, PreTrainedModel, Qwen2ForCausalLM, Qwen3ForCausalLM

from agent.kv_cache import SlotCache, Window
from agent.products import Product


class Decoder(Protocol):
    """Reads tokens."""

    def __call__(self, ids: Tensor, cache: SlotCache) -> Tensor:
        """Logits after the last token of each row, `[R, V]`.

        Args:
            ids: int64 `[R, T]`.
            cache: written at its window's positions, and read.
        """

    def refresh(self) -> None:
        """To be called when the model's weights have changed."""


def decoder_for(model: PreTrainedModel) -> Decoder:
    """The fastest decoder that knows the model's architecture.

    Raises:
        ValueError: for one that keeps no keys and values between calls.
    """
    if "past_key_values" not in signature(model.forward).parameters:
        raise ValueError(
            f"models of the type {model.config.model_type} cannot be sampled from: they take no "
            "`past_key_values`, so each token would cost all that came before it. The slow path is "
            "transformers' own `generate(use_cache=False)`"
        )
    if type(model) in (LlamaForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM):
        return LlamaDecoder(model)
    return PublicDecoder(model)


class PublicDecoder:
    """Reads through the model's own forward pass."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model

    def __call__(self, ids: Tensor, cache: SlotCache) -> Tensor:
        """Logits after the last token of each row, `[R, V]`."""
        output = self._model(
            input_ids=ids,
            attention_mask=~_beyond(cache.window)[:, None],
            position_ids=cache.window.positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return output.logits[:, -1]

    def refresh(self) -> None:
        """Nothing is kept of the weights."""


class LlamaDecoder:
    """Llama, Qwen2 and Qwen3 in as few and as large products as they can be had.

    Queries, keys and values come from one product, gate and up from another.
    """

    def __init__(self, model: Any) -> None:
        self._embed = model.base_model.embed_tokens
        self._rotary = model.base_model.rotary_emb
        self._layers = [_Layer(layer) for layer in model.base_model.layers]
        self._norm = model.base_model.norm
        self._head = Product(model.lm_head)

    def __call__(self, ids: Tensor, cache: SlotCache) -> Tensor:
        """Logits after the last token of each row, `[R, V]`."""
        hidden = self._embed(ids)
        turn = self._rotary(hidden, cache.window.positions)
        beyond = _beyond(cache.window)
        mask = hidden.new_zeros(beyond.shape).masked_fill_(beyond, float("-inf"))
        for layer in self._layers:
            hidden = layer(hidden, turn, mask, cache)
        return self._head(_rms_norm(self._norm, hidden[:, -1]))

    def refresh(self) -> None:
        """Takes over the model's weights as they are now."""
        for product in (self._head, *(one for layer in self._layers for one in layer.products)):
            product.lay_out()


class _Layer:
    """One layer of the model, on `[R, T, hidden]`."""

    def __init__(self, layer: Any) -> None:
        self._attention = attention = layer.self_attn
        mlp = layer.mlp
        self._activation = mlp.act_fn
        self._before_attention = layer.input_layernorm
        self._before_mlp = layer.post_attention_layernorm
        self._qkv = Product(attention.q_proj, attention.k_proj, attention.v_proj)
        self._out = Product(attention.o_proj)
        self._gate_up = Product(mlp.gate_proj, mlp.up_proj)
        self._down = Product(mlp.down_proj)
        self.products = self._qkv, self._out, self._gate_up, self._down

    def __call__(
        self, hidden: Tensor, turn: tuple[Tensor, Tensor], mask: Tensor, cache: SlotCache
    ) -> Tensor:
        attended = self._attend(_rms_norm(self._before_attention, hidden), turn, mask, cache)
        hidden = hidden + self._out(attended)
        gate, up = self._gate_up(_rms_norm(self._before_mlp, hidden)).chunk(2, -1)
        return hidden + self._down(self._activation(gate).mul_(up))

    def _attend(
        self, hidden: Tensor, turn: tuple[Tensor, Tensor], mask: Tensor, cache: SlotCache
    ) -> Tensor:
        """Attention as products batched over rows and key/value heads, `[R, T, H * D]`.

        The queries that share a key/value head are the rows of one product. With few queries there
        is little to gain from never writing the scores down: on a CPU the fused kernels take two
        to five times as long.

        Args:
            turn: cosines and sines of the positions, `[R, T, D]` each.
            mask: added to the scores, `[R, T, L]`.
        """
        attention = self._attention
        rows, tokens, _ = hidden.shape
        size, group = attention.head_dim, attention.num_key_value_groups
        heads = self._qkv(hidden).view(rows, tokens, -1, size)
        shared = heads.shape[2] // (group + 2)
        query, key, value = heads.split([group * shared, shared, shared], 2)
        if hasattr(attention, "q_norm"):
            query, key = _rms_norm(attention.q_norm, query), _rms_norm(attention.k_norm, key)
        query, key = _rotate(torch.cat([query, key], 2), *turn).split([group * shared, shared], 2)
        keys, values = cache.layers[attention.layer_idx].append(key, value)
        query = (query * attention.scaling).transpose(1, 2).reshape(rows * shared, -1, size)
        scores = torch.bmm(query, keys).view(rows, group * shared, tokens, -1)
        weights = scores.add_(mask[:, None]).softmax(-1).view(rows * shared, group * tokens, -1)
        attended = torch.bmm(weights, values).view(rows, -1, tokens, size)
        return attended.transpose(1, 2).reshape(rows, tokens, -1)


def _beyond(window: Window) -> Tensor:
    """Which positions each new token may not attend to, bool `[R, T, L]`."""
    reach = torch.arange(window.length, device=window.positions.device)
    return reach > window.positions[:, :, None]


def _rms_norm(norm: Any, x: Tensor) -> Tensor:
    """A transformers RMSNorm. On a CPU, torch's own kernel takes many rows six times as long."""
    if x.is_cuda:
        return nn.functional.rms_norm(x, norm.weight.shape, norm.weight, norm.variance_epsilon)
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
    scale = (length.square() / x.shape[-1] + norm.variance_epsilon).rsqrt()
    return x * scale.to(x.dtype) * norm.weight


def _rotate(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions on `[R, T, heads, D]`, with `cos` and `sin` `[R, T, D]`."""
    first, second = heads.chunk(2, -1)
    return heads * cos[:, :, None] + torch.cat([-second, first], -1) * sin[:, :, None]
