"""From episodes to the loss and its gradient, against a loop that does it one token at a time."""

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from agent.types import Episode, Group
from tests.training.played import episode, group, turn
from training.advantages import group_advantages
from training.batching import make_batch, micro_batches
from training.losses import WEIGHTINGS, Weighting, grpo_token_loss, token_weights
from training.scoring import token_log_probs

REWARDS = np.array([[1.0, 0.0, 0.5], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
EPISODE_TOKENS = 50


def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    size = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=30, num_attention_heads=2, **size))


def groups() -> list[Group]:
    """Three groups of three episodes of 1 to 5 turns, some with several segments."""
    rng = np.random.default_rng(0)

    def tokens(most: int) -> list[int]:
        return rng.integers(30, size=rng.integers(1, most + 1)).tolist()

    def play() -> Episode:
        turns = []
        for number in range(rng.integers(1, 6)):
            reply = tokens(6)
            log_probs = rng.normal(-3.4, 0.2, size=len(reply)).tolist()
            opens = number == 0 or rng.random() < 0.4
            turns.append(turn(tokens(8), reply, opens=opens, log_probs=log_probs))
        return episode(*turns)

    return [group(play(), play(), play()) for _ in range(3)]


def naive_loss(mind: LlamaForCausalLM, played: list[Group], weighting: Weighting) -> Tensor:
    """Token by token, from all logits, straight from the formulas."""
    episodes: list[list[Tensor]] = []
    for rewards, one in zip(REWARDS, played, strict=True):
        if rewards.std() == 0:
            continue
        for reward, who in zip(rewards, one.episodes, strict=True):
            advantage = (reward - rewards.mean()) / (rewards.std(ddof=1) + 1e-4)
            losses = []
            for segment in who.segments():
                ids: list[int] = []
                for step in segment:
                    ids += step.prompt_ids
                    for token, old in zip(step.reply_ids, step.log_probs, strict=True):
                        logits = mind(input_ids=torch.tensor([ids])).logits[0, -1]
                        ratio = torch.exp(logits.log_softmax(-1)[token] - old)
                        ratio = ratio.clamp(max=1.28) if advantage > 0 else ratio.clamp(min=0.8)
                        losses.append(-ratio * advantage)
                        ids.append(token)
            episodes.append(losses)
    if weighting == "episode":
        return sum(sum(losses) / len(losses) for losses in episodes) / len(episodes)
    total = sum(sum(losses) for losses in episodes)
    tokens = sum(len(losses) for losses in episodes)
    return total / (tokens if weighting == "dapo" else len(episodes) * EPISODE_TOKENS)


def gradient(mind: LlamaForCausalLM) -> Tensor:
    return torch.cat([weight.grad.flatten() for weight in mind.parameters()])  # type: ignore[union-attr]


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_loss_and_gradient_equal_a_naive_loops_for_any_micro_batch(weighting: Weighting) -> None:
    mind, played = model(), groups()
    assert any(len(list(e.segments())) > 1 for one in played for e in one.episodes)
    expected = naive_loss(mind, played, weighting)
    expected.backward()
    expected_gradient = gradient(mind)

    batch = make_batch(played, group_advantages(REWARDS))
    weights = token_weights(batch.mask, batch.episode, weighting, episode_tokens=EPISODE_TOKENS)
    for max_tokens in (1, 40, 100_000):
        mind.zero_grad()
        total = 0.0
        for rows in micro_batches(batch, max_tokens):
            part = batch.take(rows)
            log_probs, _ = token_log_probs(mind, part.ids, part.mask)
            tokens = grpo_token_loss(log_probs, part.log_probs, part.advantages)
            loss = (weights[rows, : part.width] * tokens.loss).sum()
            loss.backward()
            total += loss.item()
        assert total == pytest.approx(expected.item(), abs=1e-6)
        torch.testing.assert_close(gradient(mind), expected_gradient, atol=1e-6, rtol=1e-4)
