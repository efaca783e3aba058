"""Secondary outcomes: differences by hand, and the adjustment over all of them."""

from dataclasses import replace

import pytest

from training.study.outcomes import Outcome, Success
from training.study.secondary import secondary
from training.study.worlds import plan


def outcome(right: tuple[bool, ...], won: float) -> Outcome:
    return Outcome(
        "hash",
        ("plan", "plan", "predict", "predict"),
        ("egocentric", "allocentric", "egocentric", "allocentric"),
        right,
        right,
        {"trained": Success(won, 0.0, 1.0, 10)},
    )


def test_differences_by_hand() -> None:
    none, half = (False,) * 4, (True, True, False, False)
    found = secondary(
        {
            "cold": {0: outcome(none, 0.1), 1: outcome(none, 0.1), 2: outcome(none, 0.1)},
            "grounded": {0: outcome(half, 0.5), 1: outcome(half, 0.6), 2: outcome(half, 0.7)},
            "yoked": {0: outcome(half, 0.5)},
        }
    )
    assert {one.other for one in found} == {"cold"}  # yoked lacks two of the seeds
    by_name = {one.outcome: one for one in found}
    assert by_name["plan"].difference == 1
    assert by_name["predict"].difference == 0
    assert by_name["allocentric"].difference == 0.5
    assert by_name["answered"].difference == 0.5
    assert by_name["trained"].by_seed == pytest.approx((0.4, 0.5, 0.6))
    # Student's t of 0.4, 0.5, 0.6 is 8.66 with two degrees of freedom, so p 0.0131; what does not
    # differ between seeds is surely different, or surely not: p 0 four times and 1 once, of six.
    assert by_name["trained"].p == pytest.approx(0.0131 * 6 / 5, rel=0.01)
    assert [by_name[name].p for name in ("plan", "predict")] == [0, 1]


def test_nothing_is_compared_without_the_treatment() -> None:
    assert secondary({"cold": {0: outcome((True,) * 4, 1.0)}}) == ()
    assert replace(outcome((True,) * 4, 1.0), world={}).secondary()["plan"] == 1


@pytest.mark.parametrize("task", ["goto-small", "mixed-ordered"])
def test_every_trial_can_be_played(task: str) -> None:
    for trial, count in plan(task, 7, 3, far=["coin_flip"]):
        assert count == (7 if trial.name == "trained" else 3)
        assert trial.make().reset(seed=2**31)[0]
