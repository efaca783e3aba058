"""The loss against numbers worked by hand, naive loops and exact gradients."""

import math

import pytest
import torch

from training.losses import grpo_token_loss, k3, token_weights

# Episode 0 has two rows (3 + 1 tokens), episode 5 one row of 2.
MASK = torch.tensor([[0, 1, 1, 1], [0, 0, 1, 0], [0, 1, 1, 0]], dtype=torch.bool)
EPISODE = torch.tensor([0, 0, 5])


def test_episodes_count_the_same_whatever_their_length() -> None:
    weights = token_weights(MASK, EPISODE, "episode")
    eighth, quarter = 1 / 8, 1 / 4
    expected = [[0, eighth, eighth, eighth], [0, 0, eighth, 0], [0, quarter, quarter, 0]]
    torch.testing.assert_close(weights, torch.tensor(expected))


def test_dapo_counts_tokens() -> None:
    torch.testing.assert_close(token_weights(MASK, EPISODE, "dapo"), MASK / 6)


def test_dr_grpo_divides_by_a_constant() -> None:
    weights = token_weights(MASK, EPISODE, "dr_grpo", episode_tokens=10)
    torch.testing.assert_close(weights, MASK / 20)


def test_dr_grpo_without_its_constant_is_refused() -> None:
    with pytest.raises(ValueError, match="episode_tokens"):
        token_weights(MASK, EPISODE, "dr_grpo")


def test_unknown_weighting_gets_a_suggestion() -> None:
    with pytest.raises(ValueError, match="did you mean 'episode'"):
        token_weights(MASK, EPISODE, "episodes")  # type: ignore[arg-type]


def test_several_segments_against_a_naive_loop() -> None:
    torch.manual_seed(0)
    mask = torch.rand(12, 20) < 0.4
    mask[:, 1] = True
    episode = torch.randint(0, 5, (12,))
    per_token = torch.randn(12, 20)
    episodes = sorted(set(episode.tolist()))
    naive = 0.0
    for number in episodes:
        losses = [
            per_token[row, token].item()
            for row in range(12)
            for token in range(20)
            if episode[row] == number and mask[row, token]
        ]
        naive += sum(losses) / len(losses) / len(episodes)
    assert (token_weights(mask, episode) * per_token).sum().item() == pytest.approx(naive, rel=1e-5)


def test_each_token_against_a_naive_loop() -> None:
    torch.manual_seed(0)
    old = torch.randn(6, 9) - 2
    new, reference = old + 0.5 * torch.randn(6, 9), old + 0.5 * torch.randn(6, 9)
    advantages = torch.randn(6, 9)
    found = grpo_token_loss(
        new, old, advantages,
        clip_low=0.2, clip_high=0.28, reference_log_probs=reference, kl_coef=0.3,
    )  # fmt: skip
    for row in range(6):
        for token in range(9):
            p, q, r = (math.exp(x[row, token]) for x in (new, old, reference))
            advantage = advantages[row, token].item()
            bounded = min(max(p / q, 0.8), 1.28)
            surrogate = min(p / q * advantage, bounded * advantage)
            kl = p / q * (r / p - 1 - math.log(r / p))
            assert found.loss[row, token].item() == pytest.approx(-surrogate + 0.3 * kl, abs=1e-5)
            assert found.reference_kl[row, token].item() == pytest.approx(kl, abs=1e-5)
            assert found.clipped[row, token].item() == (bounded * advantage < p / q * advantage)


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "slope", "clipped"),
    [
        (1.0, 2.0, -2.0, -2.0, False),
        (1.27, 1.0, -1.27, -1.27, False),  # below the upper bound of 1.28: still pushed up
        (1.5, 1.0, -1.28, 0.0, True),
        (1.5, -1.0, 1.5, 1.5, False),  # too likely and bad: pushed down from anywhere
        (0.7, -1.0, 0.8, 0.0, True),
        (0.7, 1.0, -0.7, -0.7, False),
    ],
)
def test_the_clip_by_hand(ratio, advantage, loss, slope, clipped) -> None:
    """d loss / d log p is -ratio * A inside the bounds and 0 where the clip holds."""
    log_probs = torch.tensor([[math.log(ratio)]], requires_grad=True)
    found = grpo_token_loss(
        log_probs, torch.zeros(1, 1), torch.tensor([[advantage]]), clip_low=0.2, clip_high=0.28
    )
    found.loss.sum().backward()
    assert found.loss.item() == pytest.approx(loss)
    assert log_probs.grad is not None
    assert log_probs.grad.item() == pytest.approx(slope, abs=1e-6)
    assert found.clipped.item() is clipped


def test_k3_by_hand() -> None:
    # q / p = 2: 2 - 1 - ln 2
    assert k3(torch.tensor(math.log(0.2)), torch.tensor(math.log(0.4))).item() == pytest.approx(
        1 - math.log(2), abs=1e-6
    )


def test_kl_and_its_gradient_are_unbiased() -> None:
    """Summed over a whole vocabulary under the old policy, they equal the exact KL's."""
    torch.manual_seed(0)
    old, reference = torch.randn(8).log_softmax(0), torch.randn(8).log_softmax(0)
    logits = torch.randn(8, requires_grad=True)
    log_probs = logits.log_softmax(0)
    exact = (log_probs.exp() * (log_probs - reference)).sum()
    (exact_gradient,) = torch.autograd.grad(exact, logits, retain_graph=True)
    found = grpo_token_loss(
        log_probs[None],
        old[None],
        torch.zeros_like(old)[None],
        reference_log_probs=reference[None],
        kl_coef=1.0,
    )
    expected = (old.exp() * found.loss).sum()
    (gradient,) = torch.autograd.grad(expected, logits)
    torch.testing.assert_close(expected, exact)
    torch.testing.assert_close(gradient, exact_gradient)


def test_micro_batches_add_up_to_the_whole() -> None:
    torch.manual_seed(0)
    old = torch.randn(3, 4)
    log_probs = (old + 0.3 * torch.randn(3, 4)).requires_grad_()
    advantages = torch.randn(3, 4)
    weights = token_weights(MASK, EPISODE)
    (weights * grpo_token_loss(log_probs, old, advantages).loss).sum().backward()
    assert log_probs.grad is not None
    whole = log_probs.grad.clone()
    log_probs.grad = None
    for part in ([2, 0], [1]):
        loss = grpo_token_loss(log_probs[part], old[part], advantages[part]).loss
        (weights[part] * loss).sum().backward()
    torch.testing.assert_close(log_probs.grad, whole)


@pytest.mark.parametrize(("low", "high"), [(-0.1, 0.2), (1.0, 0.2), (0.2, -0.1)])
def test_clip_bounds_that_cross_are_refused(low, high) -> None:
    with pytest.raises(ValueError, match="clip_low"):
        grpo_token_loss(
            torch.zeros(1, 1), torch.zeros(1, 1), torch.zeros(1, 1), clip_low=low, clip_high=high
        )
