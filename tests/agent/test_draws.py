"""Draws against numbers worked by hand, and against torch's own multinomial."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import TopKLogitsWarper, TopPLogitsWarper

from agent.draws import draw, inverse_cdf, truncated


@pytest.mark.parametrize(
    ("uniform", "token"),
    [(0.0, 1), (0.0999, 1), (0.1001, 2), (0.2999, 2), (0.3001, 4), (0.9999, 4)],
)
def test_hand_worked(uniform: float, token: int) -> None:
    """Probabilities 0, .1, .2, 0, .7: cumulative 0, .1, .3, .3, 1."""
    logits = torch.tensor([[0.0, 0.1, 0.2, 0.0, 0.7]]).log()
    tokens, log_probs = draw(logits, [uniform])
    assert tokens.tolist() == [token]
    expected = np.log([0.0001, 0.1, 0.2, 0.0001, 0.7][token])
    assert log_probs.tolist() == pytest.approx([expected], abs=1e-6)


def test_temperature_divides_the_logits() -> None:
    """At temperature 1/2 the odds 1 : 2 become 1 : 4."""
    logits = torch.tensor([[1.0, 2.0], [1.0, 2.0]]).log()
    tokens, log_probs = draw(logits, [0.19, 0.21], temperature=0.5)
    assert tokens.tolist() == [0, 1]
    assert log_probs.exp().tolist() == pytest.approx([0.2, 0.8])


def test_no_uniform_takes_the_likeliest() -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0], [0.0, 2.0, 1.0]])
    tokens, log_probs = draw(logits.clone(), [None, 0.999])
    assert tokens.tolist() == [1, 2]
    assert log_probs.tolist() == pytest.approx(
        logits.log_softmax(-1)[[0, 1], [1, 2]].tolist(), abs=1e-6
    )


@pytest.mark.parametrize("vocabulary", [1, 7, 256, 257, 1000])
def test_equals_a_search_of_the_whole_cumulative_sum(vocabulary: int) -> None:
    random = np.random.default_rng(vocabulary)
    weights = random.random((500, vocabulary)) ** 8
    weights[random.random(weights.shape) < 0.3] = 0
    weights[:, 0] += 1e-3
    uniforms = random.random(500)
    weights = weights.astype(np.float32)
    cumulative = weights.astype(np.float64).cumsum(-1)
    expected = (cumulative <= (uniforms * cumulative[:, -1])[:, None]).sum(-1)
    found = inverse_cdf(torch.from_numpy(weights), torch.from_numpy(uniforms)).numpy()
    assert (found == expected).mean() > 0.998  # a uniform may fall within rounding of a border
    assert (np.take_along_axis(weights, found[:, None], 1) > 0).all()


def test_the_largest_uniform_never_draws_what_has_no_weight() -> None:
    weights = torch.rand(64, 1000)
    weights[:, 700:] = 0
    weights[::2, 690:] = 0
    tokens = inverse_cdf(weights, torch.full((64,), 1.0, dtype=torch.float64))
    assert (weights.gather(-1, tokens[:, None]) > 0).all()


def test_frequencies_are_those_of_multinomial() -> None:
    """Each count of 20,000 draws within 4 standard deviations, ours as torch's."""
    count = 20_000
    logits = torch.linspace(-2, 2, 12)
    shares = logits.softmax(-1)
    uniforms = np.random.default_rng(0).random(count)
    ours, _ = draw(logits.repeat(count, 1), uniforms.tolist())
    peers = torch.multinomial(
        shares, count, replacement=True, generator=torch.Generator().manual_seed(0)
    )
    deviation = (count * shares * (1 - shares)).sqrt()
    for tokens in (ours, peers):
        counts = torch.bincount(tokens, minlength=12)
        assert ((counts - count * shares).abs() < 4 * deviation).all()


@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=30, unique=True),
    st.integers(0, 35),
    st.floats(0.05, 1),
)
def test_truncation_keeps_what_transformers_keeps(marks, top_k, top_p) -> None:
    scores = torch.tensor([marks], dtype=torch.float64) / 5
    expected = scores
    if top_k:
        expected = TopKLogitsWarper(top_k)(None, expected)
    if top_p < 1:
        expected = TopPLogitsWarper(top_p)(None, expected)
    kept = truncated(scores.exp(), top_k, top_p)
    assert ((kept > 0) == expected.isfinite()).all()
    assert (kept[kept > 0] == scores.exp()[kept > 0]).all()


def test_truncated_draws_tell_the_whole_vocabularys_probability() -> None:
    """Of .1, .4, .2, .3 the two likeliest have .7: drawn from 4 : 3, told as .4 and .3."""
    logits = torch.tensor([[0.1, 0.4, 0.2, 0.3]] * 3).log()
    tokens, log_probs = draw(logits, [0.56, 0.58, 0.999], top_p=0.6)
    assert tokens.tolist() == [1, 3, 3]
    assert log_probs.exp().tolist() == pytest.approx([0.4, 0.3, 0.3])
