"""Advantages against numbers worked by hand."""

import numpy as np
import pytest

from training.advantages import group_advantages


def test_one_success_in_four_with_std() -> None:
    # mean 1/4, squared distances 9/16 + 3 * 1/16 = 3/4, over K - 1 = 3: std 1/2
    advantages = group_advantages(np.array([[1.0, 0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(
        advantages.values, [[0.75 / 0.5001, -0.25 / 0.5001, -0.25 / 0.5001, -0.25 / 0.5001]]
    )
    assert advantages.kept.tolist() == [True]


def test_without_std_only_the_mean_is_taken_away() -> None:
    advantages = group_advantages(np.array([[3.0, 1.0, 2.0]]), "none")
    np.testing.assert_allclose(advantages.values, [[1.0, -1.0, 0.0]])


def test_groups_without_spread_are_dropped_and_counted() -> None:
    third = 0.1 + 0.2  # not quite 0.3: rounding is no spread
    advantages = group_advantages(np.array([[1.0, 1.0], [0.0, 1.0], [third, 0.3]]))
    assert advantages.kept.tolist() == [False, True, False]
    assert advantages.dropped == 2
    assert (advantages.values[[0, 2]] == 0.0).all()
    np.testing.assert_allclose(advantages.values[1], np.array([-0.5, 0.5]) / (0.5**0.5 + 1e-4))


def test_groups_do_not_see_one_another() -> None:
    both = group_advantages(np.array([[0.0, 1.0], [10.0, 30.0]]), "none").values
    np.testing.assert_allclose(both, [[-0.5, 0.5], [-10.0, 10.0]])


def test_rewards_are_left_as_they_were() -> None:
    rewards = np.array([[0.0, 1.0]])
    group_advantages(rewards)
    assert rewards.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ("rewards", "normalise", "word"),
    [
        (np.ones((3, 1)), "std", "group_size"),
        (np.ones(3), "std", "shape"),
        (np.array([[0.0, np.nan]]), "std", "finite"),
        (np.ones((1, 2)), "sdt", "did you mean 'std'"),
    ],
)
def test_what_cannot_be_compared_is_refused(rewards, normalise, word) -> None:
    with pytest.raises(ValueError, match=word):
        group_advantages(rewards, normalise)
