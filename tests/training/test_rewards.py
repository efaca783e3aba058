"""Rewards worked by hand."""

import numpy as np
import pytest

from agent.types import ReplyStatus
from tests.training.played import episode, group, turn
from training.rewards import permute, score

GOOD, BAD = turn(), turn(status=ReplyStatus.MISSING_THINK)
GROUPS = [
    group(episode(GOOD, GOOD), episode(GOOD, BAD)),
    group(episode(GOOD, BAD, BAD, BAD, success=False), episode(BAD, success=False)),
]


def test_success_and_readable_replies_are_paid() -> None:
    np.testing.assert_allclose(score(GROUPS, format_coef=0.1), [[1.1, 1.05], [0.025, 0.0]])


def test_shade_takes_from_success_by_the_share_of_turns_used() -> None:
    rewards = score(GROUPS, length_shade=0.5, format_coef=0.0)  # 2 of 10 turns: 1 - 0.5 * 0.2
    np.testing.assert_allclose(rewards, [[0.9, 0.9], [0.0, 0.0]])


@pytest.mark.parametrize("options", [{"length_shade": 1.5}, {"format_coef": -0.1}])
def test_settings_out_of_range_are_refused(options) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        score(GROUPS, **options)


def test_permuted_rewards_are_the_same_rewards_elsewhere() -> None:
    rewards = np.arange(12.0).reshape(3, 4)
    dealt = permute(rewards, seed=1)
    assert sorted(dealt.ravel()) == sorted(rewards.ravel())
    assert (dealt != rewards).any()
    np.testing.assert_array_equal(dealt, permute(rewards, seed=1))
    crossed = (dealt // 4).astype(int) != np.arange(3)[:, None]
    assert crossed.any(), "they are dealt across groups, not within them"
