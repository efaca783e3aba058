"""Our loss and gradient against TRL's GRPOTrainer, on the same model and the same batch.

Each row is one episode of one segment and no advantage is 0: only there do the two define the same
number (TRL's `grpo` is a mean over rows, and rows without advantage stay in its denominators).
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from training.advantages import group_advantages
from training.losses import Weighting, grpo_token_loss, token_weights
from training.scoring import token_log_probs

trl = pytest.importorskip("trl")

ROWS, PROMPT, REPLY, VOCABULARY = 6, 5, 9, 40
TEMPERATURE = 0.8


def tiny_llama() -> LlamaForCausalLM:
    torch.manual_seed(0)
    size = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=VOCABULARY, pad_token_id=0, **size, **heads))


def tokenizer() -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    words = {"<pad>": 0, "<end>": 1} | {f"word{n}": n for n in range(2, VOCABULARY)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, unk_token="<pad>")),
        pad_token="<pad>",
        eos_token="<end>",
    )


def trainer(loss_type: str, kl_coef: float, folder: Path) -> "trl.GRPOTrainer":
    """A real one, on a data set it never reads."""
    from datasets import Dataset

    tiny_llama().save_pretrained(folder)  # where it finds its reference model
    options = trl.GRPOConfig(
        output_dir=str(folder / "out"), loss_type=loss_type, beta=kl_coef,
        epsilon=0.2, epsilon_high=0.28, use_bias_correction_kl=True,
        temperature=TEMPERATURE, max_completion_length=REPLY,
        num_generations=ROWS, per_device_train_batch_size=ROWS, gradient_accumulation_steps=1,
        gradient_checkpointing=False, bf16=False, use_cpu=True, report_to=[],
    )  # fmt: skip
    made = trl.GRPOTrainer(
        model=LlamaForCausalLM.from_pretrained(folder),
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        args=options,
        train_dataset=Dataset.from_list([{"prompt": "word2"}] * ROWS),
        processing_class=tokenizer(),
    )
    made.current_gradient_accumulation_steps = 1
    made.model.train()
    return made


def batch() -> dict[str, Tensor]:
    """Rows of a prompt and a reply in which some tokens, as a tool's, were read, not sampled."""
    torch.manual_seed(1)
    ids = torch.randint(2, VOCABULARY, (ROWS, PROMPT + REPLY))
    lengths = torch.tensor([9, 7, 4, 9, 2, 5])
    real = torch.arange(REPLY) < lengths[:, None]
    sampled = real & (torch.rand(ROWS, REPLY) < 0.7)
    sampled[:, 0] = True
    old, reference = -3 + torch.randn(2, ROWS, REPLY)
    rewards = np.array([[1.0, 0.0, 0.3, 0.2, 0.9, 0.1]])
    return {
        "prompt_ids": ids[:, :PROMPT],
        "prompt_mask": torch.ones(ROWS, PROMPT, dtype=torch.long),
        "completion_ids": ids[:, PROMPT:].where(real, torch.tensor(0)),
        "completion_mask": real.long(),
        "tool_mask": sampled.long(),
        "advantages": torch.tensor(group_advantages(rewards).values[0], dtype=torch.float32),
        "old_per_token_logps": old,
        "ref_per_token_logps": reference,
        "num_items_in_batch": sampled.sum(),
    }


def gradient(model: torch.nn.Module, loss: Tensor) -> dict[str, Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def ours(rows: dict[str, Tensor], weighting: Weighting, kl_coef: float) -> tuple[Tensor, dict]:
    """The same loss by our functions, in two micro-batches of the same weights."""
    model = tiny_llama()
    ids = torch.cat([rows["prompt_ids"], rows["completion_ids"]], dim=1)
    mask = torch.nn.functional.pad(rows["tool_mask"].bool(), (PROMPT, 0))
    old = torch.nn.functional.pad(rows["old_per_token_logps"], (PROMPT, 0)) * mask
    reference = torch.nn.functional.pad(rows["ref_per_token_logps"], (PROMPT, 0)) * mask
    advantages = rows["advantages"][:, None].expand(mask.shape)
    weights = token_weights(mask, torch.arange(ROWS), weighting, episode_tokens=REPLY)
    parts = []
    for part in (torch.tensor([4, 0, 2]), torch.tensor([1, 5, 3])):
        log_probs, _ = token_log_probs(model, ids[part], mask[part], TEMPERATURE)
        tokens = grpo_token_loss(
            log_probs, old[part], advantages[part],
            clip_low=0.2, clip_high=0.28,
            reference_log_probs=reference[part], kl_coef=kl_coef,
        )  # fmt: skip
        parts.append((weights[part] * tokens.loss).sum())
    loss = torch.stack(parts).sum()
    return loss.detach(), gradient(model, loss)


@pytest.mark.parametrize("kl_coef", [0.0, 0.1])
@pytest.mark.parametrize(
    ("weighting", "loss_type"), [("episode", "grpo"), ("dapo", "dapo"), ("dr_grpo", "dr_grpo")]
)
def test_loss_and_gradient_equal_trls(weighting, loss_type, kl_coef, tmp_path) -> None:
    rows = batch()
    theirs = trainer(loss_type, kl_coef, tmp_path)
    their_loss = theirs._compute_loss(theirs.model, rows)
    their_gradient = gradient(theirs.model, their_loss)
    loss, found = ours(rows, weighting, kl_coef)
    torch.testing.assert_close(loss, their_loss.detach(), atol=1e-5, rtol=0)
    assert found.keys() == their_gradient.keys()
    assert any(value.abs().max() > 1e-3 for value in found.values())
    for name, value in their_gradient.items():
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=0)
