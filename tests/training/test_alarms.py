"""What counts as a collapse, and what as a sign of one."""

import math

import pytest

from training.alarms import find_collapse, warnings


@pytest.mark.parametrize(
    ("validation", "collapsed"),
    [
        ([], False),
        ([0.8], False),
        ([0.8, 0.1], False),  # one bad validation may be chance
        ([0.8, 0.65, 0.65], True),
        ([0.8, 0.65, 0.66], False),
        ([0.6, 0.9, 0.5, 0.8], False),  # recovered
        ([0.6, 0.9, 0.7, 0.9, 0.75, 0.6], True),  # measured from the best, not from the start
        ([0.2, 0.2, 0.2, 0.2], False),
    ],
)
def test_validation_must_fall_15_points_twice_running(validation, collapsed) -> None:
    assert (find_collapse({}, validation) is not None) == collapsed


@pytest.mark.parametrize(
    ("skipped", "collapsed"),
    [
        (["a"], False),
        (["a", "a"], False),
        (["a", "a", "b"], True),
        (["a", "", "a", "a"], False),
        (["", "a", "a", "b"], True),
    ],
)
def test_three_skipped_updates_running_are_a_collapse(skipped, collapsed) -> None:
    *history, now = ({"skipped": reason} if reason else {} for reason in skipped)
    found = find_collapse(now, history=history)
    assert (found is not None) == collapsed
    assert found is None or found.endswith("because b")


def test_numbers_gone_wrong_are_told_and_not_compared_with() -> None:
    history = [{"grad_norm": 1.0}, {"grad_norm": "nan"}, {"grad_norm": math.inf}]
    assert warnings({"grad_norm": 9.0}, history) == ["gradient norm jumped: 9 after 1"]
    assert warnings({"skipped": "the loss is nan"}, history) == ["update skipped: the loss is nan"]


@pytest.mark.parametrize(
    ("unreadable", "collapsed"),
    [
        ([0.6], False),
        ([0.1, 0.6], False),  # one bad step may be chance
        ([0.1, 0.6, 0.51], True),
        ([0.1, 0.6, 0.5], False),
        ([0.1, 0.6, 0.2, 0.9], False),
        ([1.0, 0.9, 0.9], False),  # has never been readable
    ],
)
def test_half_the_replies_unreadable_twice_running_is_a_collapse(unreadable, collapsed) -> None:
    *history, now = ({"unreadable": share} for share in unreadable)
    found = find_collapse(now, history=history)
    assert (found is not None) == collapsed
    assert found is None or "51 %" in found


@pytest.mark.parametrize(
    ("name", "before", "now", "word"),
    [
        ("grad_norm", 1.0, 6.0, "gradient"),
        ("reward_spread", 0.4, 0.05, "spread"),
        ("thought_words", 12.0, 5.0, "short"),
        ("thought_words", 12.0, 30.0, "long"),
        ("entropy", 0.4, 0.05, "falls"),
        ("entropy", 0.4, 1.0, "rises"),
        ("sampler_gap", 0.01, 0.2, "disagree"),
        ("unreadable", 0.0, 0.2, "unreadable"),
    ],
)
def test_signs(name, before, now, word) -> None:
    history = [{name: before}] * 3
    assert any(word in sentence for sentence in warnings({name: now}, history))
    assert warnings({name: before}, history) == []


def test_the_first_step_has_nothing_to_be_compared_with() -> None:
    assert warnings({"grad_norm": 100.0}, []) == []


def test_old_steps_are_forgotten() -> None:
    assert warnings({"grad_norm": 6.0}, [{"grad_norm": 1.0}] * 50 + [{"grad_norm": 5.0}] * 10) == []
