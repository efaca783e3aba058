"""Log-probabilities at the sampled positions against the full logits."""

from collections.abc import Callable

import peft
import pytest
import torch
import transformers as hf
from torch import Tensor

from training.scoring import token_log_probs

VOCABULARY = 50
SMALL = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
}  # fmt: skip


def llama() -> hf.PreTrainedModel:
    return hf.LlamaForCausalLM(hf.LlamaConfig(**SMALL))


def qwen2() -> hf.PreTrainedModel:
    return hf.Qwen2ForCausalLM(hf.Qwen2Config(**SMALL, tie_word_embeddings=True))


def qwen3() -> hf.PreTrainedModel:
    return hf.Qwen3ForCausalLM(hf.Qwen3Config(**SMALL))


def gpt2() -> hf.PreTrainedModel:
    size = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}
    return hf.GPT2LMHeadModel(hf.GPT2Config(vocab_size=VOCABULARY, **size))


def capped() -> hf.PreTrainedModel:
    """Gemma 2 caps its logits, so they are more than its output layer's product."""
    return hf.Gemma2ForCausalLM(hf.Gemma2Config(**SMALL, final_logit_softcapping=0.05))


def adapted() -> torch.nn.Module:
    options = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    return peft.get_peft_model(llama(), options)


@pytest.fixture(params=[llama, qwen2, qwen3, gpt2, capped, adapted], ids=lambda f: f.__name__)
def model(request: pytest.FixtureRequest) -> torch.nn.Module:
    torch.manual_seed(0)
    build: Callable[[], torch.nn.Module] = request.param
    return build().eval()


LENGTHS = [12, 9, 7, 12, 5]


def rows(opening: int = 1) -> tuple[Tensor, Tensor]:
    """Five rows, about half of their tokens sampled after the opening, which two and two share."""
    torch.manual_seed(1)
    ids = torch.randint(0, VOCABULARY, (5, 12))
    ids[3, :opening], ids[4, :opening] = ids[0, :opening], ids[1, :opening]
    mask = torch.rand(5, 12) < 0.5
    mask[:, :opening] = False
    for row, length in enumerate(LENGTHS):
        ids[row, length:] = 0
        mask[row, length:] = False
    return ids, mask


def from_full_logits(model, ids, mask, temperature) -> tuple[Tensor, Tensor]:
    """The same, each row alone and without its padding, from all logits."""
    values, entropies = torch.zeros(ids.shape), torch.zeros(ids.shape)
    for row, length in enumerate(LENGTHS):
        logs = (model(ids[row : row + 1, :length]).logits[0] / temperature).log_softmax(-1)
        for token in mask[row].nonzero()[:, 0].tolist():
            values[row, token] = logs[token - 1, ids[row, token]]
            entropies[row, token] = torch.distributions.Categorical(
                logits=logs[token - 1]
            ).entropy()
    return values, entropies


@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("chunk_elements", [1 << 25, 4 * VOCABULARY])
@pytest.mark.parametrize("opening", [1, 4])
def test_equal_to_the_full_logits(model, temperature, chunk_elements, opening) -> None:
    ids, mask = rows(opening)
    values, entropies = token_log_probs(
        model, ids, mask, temperature, chunk_elements=chunk_elements
    )
    expected, expected_entropies = from_full_logits(model, ids, mask, temperature)
    torch.testing.assert_close(values, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(entropies, expected_entropies, atol=1e-5, rtol=1e-5)
    assert values.dtype == torch.float32 and not entropies.requires_grad


def gradients(model, loss: Tensor) -> dict[str, Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("opening", [1, 4])
def test_gradients_equal_those_of_the_full_logits(model, opening) -> None:
    ids, mask = rows(opening)
    weights = torch.randn(ids.shape)
    expected = gradients(model, (weights * from_full_logits(model, ids, mask, 1.0)[0]).sum())
    for chunk_elements in (1 << 25, 4 * VOCABULARY):
        values, _ = token_log_probs(model, ids, mask, chunk_elements=chunk_elements)
        found = gradients(model, (weights * values).sum())
        assert found.keys() == expected.keys() and found
        for name in expected:
            torch.testing.assert_close(found[name], expected[name], atol=1e-5, rtol=1e-4)


def test_gradient_checkpointing_changes_nothing() -> None:
    torch.manual_seed(0)
    model, (ids, mask) = llama(), rows(opening=4)
    plain = gradients(model, token_log_probs(model, ids, mask)[0].sum())
    model.gradient_checkpointing_enable()
    model.train()
    saved = gradients(model, token_log_probs(model, ids, mask)[0].sum())
    for name in plain:
        torch.testing.assert_close(saved[name], plain[name])


def test_autocast_is_near_and_fp32() -> None:
    torch.manual_seed(0)
    model, (ids, mask) = llama(), rows()
    exact, _ = token_log_probs(model, ids, mask)
    near, _ = token_log_probs(model, ids, mask, autocast=True)
    assert near.dtype == torch.float32
    assert 0 < (near - exact).abs().max() < 0.05


def test_nothing_sampled_is_zero() -> None:
    torch.manual_seed(0)
    ids, mask = rows()
    values, entropies = token_log_probs(llama(), ids, mask & False)
    assert not values.any() and not entropies.any()


def test_trying_a_model_leaves_its_modes_alone() -> None:
    model, (ids, mask) = llama(), rows()
    model.train()
    model.model.layers[0].eval()
    token_log_probs(model, ids, mask)
    assert model.training and not model.model.layers[0].training


def test_temperature_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="temperature"):
        token_log_probs(llama(), *rows(), temperature=0.0)
