"""Rows drawn by what they weigh: as many as asked for, and the same gradient on average."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agent.models import load_model
from tests.training.played import episode, turn
from training.batching import Batch, batch_episodes
from training.config import GrpoConfig
from training.grpo import learn
from training.learner import Learner
from training.presets import tiny
from training.rows import in_proportion, rows_to_read, systematic

sizes = st.lists(st.floats(0.01, 1e3), min_size=2, max_size=40)


def batch_of(*advantages: float) -> Batch:
    """A row an episode, each of as many tokens."""
    rows = [episode(turn([7, 8], [9, 10], opens=True)) for _ in advantages]
    return batch_episodes(rows, advantages=[[one] for one in advantages])


@given(sizes, st.data())
def test_chances_are_in_proportion_but_for_what_is_sure(weighed, data) -> None:
    count = data.draw(st.integers(1, len(weighed) - 1))
    chances = in_proportion(np.array(weighed), count)
    assert chances.sum() == pytest.approx(count)
    assert (chances > 0).all() and (chances <= 1).all()
    rates = chances / weighed
    unsure = chances < 1
    assert np.ptp(rates[unsure]) < 1e-6 * rates.max() if unsure.any() else True
    assert all(rates[~unsure].max(initial=0) <= rate * (1 + 1e-9) for rate in rates[unsure])


@given(sizes, st.data())
def test_on_average_every_row_counts_once(weighed, data) -> None:
    count = data.draw(st.integers(1, len(weighed) - 1))
    chances = in_proportion(np.array(weighed), count)
    counted = np.zeros(len(weighed))
    offsets = (np.arange(2000) + 0.5) / 2000
    for offset in offsets:
        chosen = systematic(chances, offset)
        assert len(chosen) == count
        counted[chosen] += 1 / chances[chosen] / len(offsets)
    # A chance of p is met by p of the offsets, to within one of them.
    assert np.abs(counted - 1).max() <= (1 / chances / len(offsets)).max() * 1.01


def test_the_rows_that_weigh_most_are_always_read() -> None:
    batch = batch_of(0.1, 0.0, -5.0, 0.1, 0.1, 5.0, 0.1)
    config = replace(GrpoConfig(), rows=3)
    for seed in range(20):
        read = rows_to_read(batch, config, (seed,))
        assert len(read.indices) == 3
        assert {2, 5} < set(read.indices.tolist()) <= {0, 2, 3, 4, 5, 6}
        assert sorted(read.counts.tolist()) == pytest.approx([1, 1, 4])
    assert rows_to_read(batch, config, (3,)).indices.equal(
        rows_to_read(batch, config, (3,)).indices
    )


def test_all_with_an_advantage_are_read_where_there_are_few_or_nothing_is_said() -> None:
    batch = batch_of(0.5, 0.0, -0.1)
    for rows in (0, 2, 9):
        read = rows_to_read(batch, replace(GrpoConfig(), rows=rows), (0,))
        assert read.indices.tolist() == [0, 2]
        assert read.counts.tolist() == [1, 1]


def test_a_penalty_reads_every_row_and_goes_with_no_choice() -> None:
    read = rows_to_read(batch_of(0.5, 0.0), replace(GrpoConfig(), kl_coef=0.1), (0,))
    assert read.indices.tolist() == [0, 1]
    assert torch.equal(read.counts, torch.ones(2))
    with pytest.raises(ValueError, match="KL"):
        replace(GrpoConfig(), kl_coef=0.1, rows=5)


def test_a_step_reads_and_weighs_the_rows_that_were_drawn() -> None:
    batch = batch_of(0.1, 0.0, -5.0, 0.1, 0.1, 5.0, 0.1)
    learner = Learner(load_model("nano"), replace(tiny().learner, precision="fp32"), 1e-9)
    update, figures = learn(learner, batch, replace(GrpoConfig(), rows=3), seed=(4,))
    assert figures["tokens_trained"] == 3 * 4
    # Nothing has moved yet, so every ratio is 1: a row of seven, -5 and 5 once, 0.1 four times.
    assert update.loss == pytest.approx(-(0.1 * 4 - 5 + 5) / 7, rel=1e-4)
