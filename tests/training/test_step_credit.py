"""Credit for turns: hand-worked, and worth nothing where nothing can be compared."""

import numpy as np
import pytest

from agent.types import Episode, EpisodeStatus, Group, ReplyStatus, Start, Turn
from training.rewards import permute
from training.step_credit import permute_steps, step_advantages

START = Start("corridor", 0)


def episode(*states: int, slips: tuple[int, ...] = ()) -> Episode:
    turns = tuple(
        Turn("", "", "", "", ReplyStatus.FORGED if n in slips else ReplyStatus.OK, 0.0, state=state)
        for n, state in enumerate(states)
    )
    return Episode(START, 0, "", turns, EpisodeStatus.FAILURE, 9)


def test_turns_are_compared_within_their_state_alone() -> None:
    # From state 1, one episode reaches the reward in two turns, the other wanders and fails.
    group = Group(START, (episode(1, 2), episode(1, 3, 1)))
    [[won, lost]] = step_advantages([group], np.array([[1.0, 0.0]]), discount=0.5)
    # State 1 was met with what followed worth 0.5, 0 and 0: mean 1/6.
    values = np.array([1 / 3, 0.0, -1 / 6, 0.0, -1 / 6])
    expected = values / (values.std() + 1e-4)
    assert np.concatenate([won, lost]) == pytest.approx(expected)


def test_a_slip_costs_on_its_turn() -> None:
    # Both succeed; one slips first, which leaves it in state 1.
    group = Group(START, (episode(1, 2), episode(1, 1, 2, slips=(0,))))
    [[clean, slipped]] = step_advantages(
        [group], np.array([[1.0, 1.0]]), discount=0.5, slip_cost=0.4
    )
    # State 1: worth 0.5, then -0.4 + 0.5 * 0.5 for the slip, then 0.5: mean 0.85 / 3.
    values = np.array([0.5 - 0.85 / 3, 0.0, -0.15 - 0.85 / 3, 0.5 - 0.85 / 3, 0.0])
    expected = values / (values.std() + 1e-4)
    assert np.concatenate([clean, slipped]) == pytest.approx(expected)


def test_equal_episodes_teach_nothing() -> None:
    group = Group(START, (episode(1, 2), episode(1, 2)))
    for values in step_advantages([group], np.array([[1.0, 1.0]]))[0]:
        assert not values.any()


def test_a_shorter_way_is_better_where_all_succeed() -> None:
    group = Group(START, (episode(1, 2), episode(1, 3, 2)))
    [[short, long]] = step_advantages([group], np.array([[1.0, 1.0]]))
    assert short[0] > 0 > long[0]
    assert short[1] == long[2] == 0


def test_permuted_credits_say_nothing_of_who_earned_them() -> None:
    groups = [Group(START, (episode(1, 2), episode(1, 3, 1))), Group(START, (episode(4),) * 2)]
    steps = step_advantages(groups, np.array([[1.0, 0.0], [1.0, 1.0]]))
    dealt = permute_steps(steps, (0, 1))
    assert [[len(one) for one in group] for group in dealt] == [[2, 3], [1, 1]]
    flat, before = (np.concatenate([one for g in s for one in g]) for s in (dealt, steps))
    assert sorted(flat) == pytest.approx(sorted(before))
    assert not np.array_equal(flat, before)


def test_the_control_cannot_be_read_from_the_length_of_episodes() -> None:
    """Short episodes earn as much as long ones, over many deals, though only short ones succeed."""
    short, long = episode(1, 2), episode(1, *range(3, 18))
    groups = [Group(START, (short, long, short, long))] * 8
    rewards = np.tile([1.0, 0.0], (8, 2))
    first = []
    for seed in range(200):
        dealt = permute_steps(step_advantages(groups, permute(rewards, seed)), (seed,))
        first.append(np.mean([group[0][0] - group[1][0] for group in dealt]))
    assert abs(np.mean(first)) < 0.1
