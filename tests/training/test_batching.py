"""Rows of tokens from small episodes written by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.training.played import episode, group, turn
from training.advantages import Advantages
from training.batching import batch_episodes, make_batch, micro_batches

LONG = episode(
    turn([7, 8], [1], opens=True, log_probs=[-0.1]),
    turn([9], [2], log_probs=[-0.2]),
    turn([7], [3], opens=True, log_probs=[-0.3]),
)
SHORT = episode(turn([5, 6], [4], opens=True))


def test_a_segment_is_a_row_and_replies_alone_are_masked() -> None:
    batch = batch_episodes([LONG, SHORT], advantages=[[0.5, 0.25, 2.0], [-0.5]])
    assert batch.ids.tolist() == [[7, 8, 1, 9, 2], [7, 3, 0, 0, 0], [5, 6, 4, 0, 0]]
    assert batch.mask.int().tolist() == [[0, 0, 1, 0, 1], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0]]
    torch.testing.assert_close(
        batch.log_probs,
        torch.tensor([[0, 0, -0.1, 0, -0.2], [0, -0.3, 0, 0, 0], [0, 0, -1.0, 0, 0]]),
    )
    assert batch.advantages.tolist() == [[0, 0, 0.5, 0, 0.25], [0, 2, 0, 0, 0], [0, 0, -0.5, 0, 0]]
    assert batch.episode.tolist() == [0, 0, 1]
    assert batch.lengths.tolist() == [5, 2, 3]
    assert (len(batch), batch.width) == (3, 5)


def test_dropped_groups_have_no_rows_and_the_others_keep_their_numbers() -> None:
    groups = [group(SHORT, SHORT), group(LONG, SHORT)]
    values = np.array([[0.0, 0.0], [1.0, -1.0]])
    batch = make_batch(groups, Advantages(values, kept=np.array([False, True])))
    assert batch.episode.tolist() == [2, 2, 3]
    assert batch.advantages.sum(dim=1).tolist() == [2.0, 1.0, -1.0]


def test_the_credit_of_turns_is_added_to_that_of_their_episode() -> None:
    advantages = Advantages(
        np.array([[1.0, -1.0]]),
        kept=np.array([True]),
        steps=[[np.array([0.5, -0.25, 0.0]), np.array([2.0])]],
    )
    batch = make_batch([group(LONG, SHORT)], advantages)
    assert batch.advantages[batch.mask].tolist() == [1.5, 0.75, 1.0, 1.0]


def test_nothing_kept_is_an_empty_batch() -> None:
    values = np.zeros((1, 2))
    batch = make_batch([group(SHORT, SHORT)], Advantages(values, kept=np.array([False])))
    assert len(batch) == 0
    assert not list(micro_batches(batch, 8))


def test_demonstrations_have_tokens_but_no_log_probabilities() -> None:
    batch = batch_episodes([episode(turn([5], [6, 7], opens=True, log_probs=[]))])
    assert batch.mask.tolist() == [[False, True, True]]
    assert batch.log_probs.tolist() == [[0.0, 0.0, 0.0]]
    assert batch.advantages.tolist() == [[0.0, 1.0, 1.0]]


def test_an_episode_without_tokens_is_refused() -> None:
    with pytest.raises(ValueError, match="no sampled tokens"):
        batch_episodes([episode(turn(opens=True))])


def test_taken_rows_are_cut_to_the_longest_of_them() -> None:
    batch = batch_episodes([LONG, SHORT])
    taken = batch.take(torch.tensor([2, 1]))
    assert taken.ids.tolist() == [[5, 6, 4], [7, 3, 0]]
    assert taken.episode.tolist() == [1, 0]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 200))
def test_micro_batches_hold_each_row_once_and_stay_in_bounds(lengths, max_tokens) -> None:
    batch = batch_episodes([episode(turn([1] * n, [2], opens=True)) for n in lengths])
    parts = list(micro_batches(batch, max_tokens))
    assert sorted(torch.cat(parts).tolist()) == list(range(len(lengths)))
    for part in parts:
        assert len(part) == 1 or len(part) * batch.take(part).width <= max_tokens
    longest = [int(batch.lengths[part].max()) for part in parts]
    assert longest == sorted(longest, reverse=True)


def test_a_micro_batch_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="max_tokens"):
        next(micro_batches(batch_episodes([SHORT]), 0))


def test_rows_without_any_credit_are_told_apart() -> None:
    batch = batch_episodes(
        [episode(turn([7], [reply], opens=True)) for reply in (1, 2, 3)],
        advantages=[[0.5], [0.0], [-0.1]],
    )
    assert batch.taught().tolist() == [0, 2]
