"""What must hold before a comparison says anything: a null that was built in is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.study.outcomes import Outcome
from training.study.worlds import TRAINED

ABOVE_CHANCE, AT_MOST, LIFT = 0.05, 0.9, 0.15


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition, and whether it holds."""

    name: str
    holds: bool | None
    """None where an arm that it is about is missing"""
    seen: str
    """the figures"""


def gates(
    outcomes: Mapping[str, Sequence[Outcome]], chance: float, own: Mapping[str, float]
) -> list[Gate]:
    """The gates of a study.

    Args:
        outcomes: arm -> of each of its seeds, at the end.
        chance: of the suite.
        own: how often `text-rl` was right on its own questions, `before` and `after`.
    """
    found = []
    if outcomes.get("cold"):
        seen = float(np.mean([one.accuracy for one in outcomes["cold"]]))
        found.append(
            Gate(
                f"cold stands between {chance + ABOVE_CHANCE:.0%} and {AT_MOST:.0%} on the suite",
                chance + ABOVE_CHANCE <= seen <= AT_MOST,
                f"{seen:.1%}",
            )
        )
    for arm in ("cold", "cold+", "broken"):
        holds, seen_text = None, "missing"
        if outcomes.get(arm) and outcomes.get("grounded"):
            lift = _success(outcomes["grounded"]) - _success(outcomes[arm])
            holds, seen_text = lift >= LIFT, f"{100 * lift:+.1f} points"
        name = f"grounded gains {LIFT:.0%} in its world over {arm}"
        found.append(Gate(name, holds, seen_text))
    lifted = own["after"] > own["before"] if own else None
    seen_text = f"{own['before']:.1%} to {own['after']:.1%}" if own else "missing"
    found.append(Gate("text-rl lifts its own questions", lifted, seen_text))
    return found


def _success(outcomes: Sequence[Outcome]) -> float:
    return float(np.mean([one.world[TRAINED].success for one in outcomes]))
