"""How likely a model finds the tokens that were sampled.

A language model's logits over its vocabulary are by far its largest tensor: 64 rows of 512 tokens
over 49,152 words are 6 GB in fp32. Only sampled tokens are asked about, so the output layer runs
on their hidden states alone, a chunk at a time, and each chunk's logits are made again in the
backward pass instead of being kept. What rows open with alike is read once.

Shapes: R rows, T tokens, N sampled tokens, D hidden size, V vocabulary.
"""

from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from training.openings import can_share, find_openings, read

CHUNK_ELEMENTS = 1 << 23
"""Logits made at a time: 32 MiB in fp32."""

_splits: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()
"""Which models are their backbone followed by their output layer, found by trying once each."""
_trying = Lock()
"""Held meanwhile, so that of several threads only one tries."""


def token_log_probs(
    model: nn.Module,
    ids: Tensor,
    mask: Tensor,
    temperature: float = 1.0,
    *,
    autocast: bool = False,
    chunk_elements: int = CHUNK_ELEMENTS,
) -> tuple[Tensor, Tensor]:
    """The log-probability of each sampled token, and the entropy it was drawn from.

    Works for any causal language model of transformers, adapters of peft included. Rows need no
    attention mask: attention is causal, so what is padded on the right is never looked at.

    Args:
        model: a causal language model.
        ids: [R, T] int64, padded on the right with any token.
        mask: [R, T] bool, True where the token was sampled; False in the first column.
        temperature: what the logits are divided by, as in sampling.
        autocast: whether matrix products run in bf16 (log-probabilities are fp32 regardless).
        chunk_elements: logits made at a time; a memory knob that changes no result.

    Returns:
        log-probabilities [R, T] fp32, with gradient, and entropies [R, T] fp32 in nats, without;
        both 0 where the mask is False.
    """
    assert ids.shape == mask.shape and ids.ndim == 2, f"ids: {ids.shape}, mask: {mask.shape}"
    assert mask.dtype == torch.bool and not mask[:, 0].any(), "the first token can't be sampled"
    if temperature <= 0.0:
        raise ValueError(f"log-probabilities need a temperature above 0; got {temperature}.")
    with torch.autocast(
        ids.device.type, dtype=torch.bfloat16, enabled=autocast, cache_enabled=False
    ):
        # The hidden state that predicts token t is that of token t - 1.
        first = int(mask.any(dim=0).int().argmax())
        states, head = _states(model, ids[:, :-1], unasked=first - 1)
        before = mask[:, -states.shape[1] :]
        values, entropies = _score(head, states[before], ids[mask], temperature, chunk_elements)
    blank = torch.zeros(mask.shape, dtype=torch.float32, device=ids.device)
    return blank.masked_scatter(mask, values), blank.masked_scatter(mask, entropies)


def _states(model: Any, ids: Tensor, unasked: int) -> tuple[Tensor, nn.Module]:
    """What the output layer reads at the last tokens of all rows, [R, T or less, D], and the layer.

    Where a model does more than apply its layer (it scales or caps its logits, say), the logits
    themselves, [R, T, V], and a layer that changes nothing.

    Args:
        unasked: first tokens whose states nobody asks for, so that rows may share them.
    """
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model  # peft
    backbone, head = causal.base_model, causal.get_output_embeddings()
    with _trying:
        if model not in _splits:
            _splits[model] = _is_split(model, backbone, head)
    if _splits[model]:
        openings = find_openings(ids, unasked if can_share(backbone) else 0)
        return read(backbone, ids, openings), head
    return model(input_ids=ids, use_cache=False).logits, nn.Identity()


def _is_split(model: Any, backbone: Any, head: Any) -> bool:
    """Whether the logits are the output layer on the backbone's last hidden state, by trying."""
    if head is None:
        return False
    modes = {module: module.training for module in model.modules()}
    model.eval()  # without dropout, so that two passes can be compared
    ids = torch.arange(4, device=head.weight.device)[None] % head.weight.shape[0]
    with torch.no_grad(), torch.autocast(ids.device.type, enabled=False):
        whole = model(input_ids=ids, use_cache=False).logits
        read = backbone(input_ids=ids, use_cache=False)
        split = head(read.last_hidden_state) if "last_hidden_state" in read else None
    for module, mode in modes.items():
        module.training = mode
    return split is not None and torch.allclose(whole, split, rtol=1e-3, atol=1e-3)


def _score(
    head: nn.Module, states: Tensor, ids: Tensor, temperature: float, chunk_elements: int
) -> tuple[Tensor, Tensor]:
    """Log-probabilities and entropies, [N] each, of ids [N] from states [N, D]."""
    weight = getattr(head, "weight", None)
    vocabulary = states.shape[-1] if weight is None else weight.shape[0]
    chunk = max(1, chunk_elements // vocabulary)
    trained = [one for one in head.parameters() if one.requires_grad]
    return _Score.apply(head, states, ids, temperature, chunk, *trained)


class _Score(torch.autograd.Function):
    """`_score`, with a gradient of our own, for which the logits are made again.

    That of a log-probability in a logit is what was drawn there, 1 or 0, less its probability.
    """

    @staticmethod
    def forward(
        ctx: Any,
        head: nn.Module,
        states: Tensor,
        ids: Tensor,
        temperature: float,
        chunk: int,
        *trained: nn.Parameter,
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(states, ids)
        ctx.head, ctx.temperature, ctx.chunk, ctx.trained = head, temperature, chunk, trained
        ctx.autocast = torch.is_autocast_enabled(states.device.type)
        values = torch.empty(len(ids), device=states.device)
        entropies = torch.empty_like(values)
        for first in range(0, len(ids), chunk):
            part = slice(first, first + chunk)
            logs = _tempered(head(states[part]), temperature).log_softmax(-1)
            values[part] = logs.gather(-1, ids[part, None])[:, 0]
            entropies[part] = -logs.exp().mul_(logs).sum(-1)
        ctx.mark_non_differentiable(entropies)
        return values, entropies

    @staticmethod
    def backward(ctx: Any, by_value: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        states, ids = ctx.saved_tensors
        by_state = torch.empty_like(states)
        by_weight = [torch.zeros_like(one) for one in ctx.trained]
        for first in range(0, len(ids), ctx.chunk):
            part = slice(first, first + ctx.chunk)
            asked = states[part].detach().requires_grad_()
            with (
                torch.enable_grad(),
                torch.autocast(
                    states.device.type, torch.bfloat16, ctx.autocast, cache_enabled=False
                ),
            ):
                logits = ctx.head(asked)
            scale = by_value[part, None] / ctx.temperature
            by_logit = _tempered(logits.detach(), ctx.temperature).softmax(-1).mul_(-scale)
            by_logit.scatter_add_(-1, ids[part, None], scale)
            found = torch.autograd.grad(logits, [asked, *ctx.trained], by_logit.to(logits.dtype))
            by_state[part] = found[0]
            for total, one in zip(by_weight, found[1:], strict=True):
                total += one
        return None, by_state, None, None, None, *by_weight


def _tempered(logits: Tensor, temperature: float) -> Tensor:
    """In fp32, divided by the temperature."""
    return logits.to(torch.float32, copy=True).div_(temperature)
