"""Attention by plain products, against the models' own."""

import pytest
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

from training.attention import FAMILY, NAME, SHORT, attention_for, plain_attention
from training.scoring import token_log_probs

SIZES = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
}


@pytest.fixture(params=["llama", "qwen3"])
def model(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    if request.param == "llama":
        return LlamaForCausalLM(LlamaConfig(**SIZES)).eval()
    return Qwen3ForCausalLM(Qwen3Config(**SIZES)).eval()


def _rows() -> tuple[torch.Tensor, torch.Tensor]:
    """Six rows that open alike, as those of a group do, and which tokens were sampled."""
    ids = torch.randint(64, (6, 12), generator=torch.Generator().manual_seed(1))
    ids[:, :5] = ids[0, :5]
    mask = torch.zeros(6, 12, dtype=torch.bool)
    mask[:, 8:] = True
    return ids, mask


def test_log_probs_and_gradients_are_those_of_the_models_own_attention(model) -> None:
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
    causal = torch.full((24, 24), float("-inf")).triu(1)

    def gradient(autocast: bool) -> torch.Tensor:
        asking = query.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            attended, _ = plain_attention(None, asking, key, value, causal, scaling=1.0)
        return torch.autograd.grad((attended * value.mT.reshape(1, 24, 2, 16)).sum(), asking)[0]

    exact = gradient(autocast=False)
    assert torch.equal(gradient(autocast=True), exact)

    scores = (query.bfloat16() @ key.bfloat16().mT).float()
    assert (scores - query @ key.mT).abs().max() > 0.2, "the test would pass with bf16 scores, too"


def test_only_short_rows_of_models_it_knows_take_it(model, monkeypatch) -> None:
    own = model.config._attn_implementation
    assert attention_for(model, SHORT - 1) == NAME
    assert attention_for(model, SHORT) == own
    monkeypatch.setattr("training.attention.FAMILY", FAMILY - {model.config.model_type})
    assert attention_for(model, SHORT - 1) == own
