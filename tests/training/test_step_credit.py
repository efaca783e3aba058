"""Credit for turns: hand-worked, and worth nothing where nothing can be compared."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_a_turn_gains_what_its_state_is_better_than_the_last() -> None:
    # From state 1, one episode reaches the reward in two turns, the other wanders and fails.
    group = Group(START, (episode(1, 2), episode(1, 3, 1)))
    [[won, lost]] = step_advantages([group], np.array([[1.0, 0.0]]), discount=0.5)
    # V(2) = 1, V(3) = V(1) / 2, V(1) = (V(2) / 2 + V(3) / 2 + 0) / 3 = 2 / 11.
    values = np.array([7 / 22, 0.0, -3 / 22, 0.0, -4 / 22])
    expected = values / (values.std() + 1e-4)
    assert np.concatenate([won, lost]) == pytest.approx(expected)


def test_a_slip_costs_on_its_turn() -> None:
    # Both succeed; one slips first, which leaves it in state 1.
    group = Group(START, (episode(1, 2), episode(1, 1, 2, slips=(0,))))
    [[clean, slipped]] = step_advantages(
        [group], np.array([[1.0, 1.0]]), discount=0.5, slip_cost=0.4
    )
    # V(2) = 1, V(1) = (1 / 2 - 0.4 + V(1) / 2 + 1 / 2) / 3 = 0.24.
    values = np.array([0.26, 0.0, -0.52, 0.26, 0.0])
    expected = values / (values.std() + 1e-4)
    assert np.concatenate([clean, slipped]) == pytest.approx(expected)


def test_luck_that_comes_later_does_not_count() -> None:
    group = Group(START, (episode(1, 2, 4), episode(1, 2, 5), episode(1, 3)))
    [[won, unlucky, wrong]] = step_advantages([group], np.array([[1.0, 0.0, 0.0]]))
    assert won[0] == unlucky[0] > 0 > wrong[0]
    assert won[1] > 0 > unlucky[1]


EPISODES = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=6), min_size=2, max_size=5)


@given(EPISODES, st.data())
def test_equal_to_values_found_by_sweeping(states: list[list[int]], data: st.DataObject) -> None:
    rewards = [float(data.draw(st.booleans())) for _ in states]
    group = Group(START, tuple(episode(*one) for one in states))
    [found] = step_advantages([group], np.array([rewards]), discount=0.8)
    turns = [
        (one[n], one[n + 1] if n + 1 < len(one) else None, reward if n + 1 == len(one) else 0.0)
        for one, reward in zip(states, rewards, strict=True)
        for n in range(len(one))
    ]
    worth = dict.fromkeys(range(5), 0.0)
    for _ in range(200):
        for state in worth:
            comes = [
                r + 0.8 * worth.get(after, 0.0) for before, after, r in turns if before == state
            ]
            worth[state] = float(np.mean(comes)) if comes else 0.0
    values = np.array(
        [r + 0.8 * worth.get(after, 0.0) - worth[before] for before, after, r in turns]
    )
    assert np.concatenate(found) == pytest.approx(values / (values.std() + 1e-4), abs=1e-6)


def test_equal_episodes_teach_nothing() -> None:
    group = Group(START, (episode(1, 2), episode(1, 2)))
    for values in step_advantages([group], np.array([[1.0, 1.0]]))[0]:
        assert not values.any()


def test_a_shorter_way_is_better_where_all_succeed() -> None:
    group = Group(START, (episode(1, 2), episode(1, 3, 2)))
    [[short, long]] = step_advantages([group], np.array([[1.0, 1.0]]))
    assert short[0] > 0 > long[0]
    assert short[1] == long[2] == 0


def test_a_turn_lost_is_little_beside_a_mission_lost() -> None:
    quick = Group(START, (episode(1, 2), episode(1, 3, 2)))
    fatal = Group(START, (episode(1, 2), episode(1, 3, 3)))
    late, lost = step_advantages([quick, fatal], np.array([[1.0, 1.0], [1.0, 0.0]]), discount=0.9)
    assert 0 > 5 * late[1][0] > lost[1][0]


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
