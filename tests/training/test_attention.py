"""Causal attention in blocks, against the models' own."""

import pytest
import torch

from agent.nano import nano_config
from training.attention import EXACT, FAMILY, NAME, attention_for, causal_attention
from training.scoring import token_log_probs


def _rows() -> tuple[torch.Tensor, torch.Tensor]:
    """Six rows that open alike, as those of a group do, and which tokens were sampled."""
    ids = torch.randint(64, (6, 32), generator=torch.Generator().manual_seed(1))
    ids[:, :5] = ids[0, :5]
    mask = torch.zeros(6, 32, dtype=torch.bool)
    mask[:, 8:] = True
    return ids, mask


@pytest.mark.parametrize("queries", [4, 9, 128])
def test_log_probs_and_gradients_are_those_of_the_models_own_attention(
    model, queries, monkeypatch
) -> None:
    monkeypatch.setattr("training.attention.QUERIES", queries)
    found = []
    for name in ("eager", "sdpa", NAME):
        model.set_attn_implementation(name)
        values, _ = token_log_probs(model, *_rows())
        found.append([values.detach(), *torch.autograd.grad(values.sum(), model.parameters())])
    for others in zip(*found, strict=True):
        torch.testing.assert_close(others[0], others[2], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(others[1], others[2], rtol=1e-4, atol=1e-6)


def test_sharp_attention_keeps_its_gradient_in_bf16() -> None:
    """Heads that copy have scores of a hundred and more: there bf16 is off by a half."""
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, 2, 24, 16) for _ in range(3))
    query, key = (3 * query).bfloat16().float(), (3 * key).bfloat16().float()

    def gradient(exact: bool, dtype: torch.dtype) -> torch.Tensor:
        asking = query.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            attended = causal_attention(asking, key, value.to(dtype), 1.0, exact)
        told = (attended.float() * value.mT.reshape(1, 24, 2, 16)).sum()
        return torch.autograd.grad(told, asking)[0]

    true = gradient(exact=False, dtype=torch.float32)
    off = {e: (gradient(e, torch.bfloat16) - true).norm() / true.norm() for e in (True, False)}
    assert off[True] < 0.02, "what is left is the rounding of the values"
    assert off[False] > 5 * off[True], "the test would pass with bf16 scores, too"


def test_nano_asks_for_exact_attention() -> None:
    assert getattr(nano_config(16), EXACT)


def test_only_models_it_knows_take_it(model, monkeypatch) -> None:
    own = model.config._attn_implementation
    assert attention_for(model) == NAME
    monkeypatch.setattr("training.attention.FAMILY", FAMILY - {model.config.model_type})
    assert attention_for(model) == own
