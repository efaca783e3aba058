"""Signs that training goes wrong, read from its figures alone.

What precedes a collapse is known from RAGEN (https://arxiv.org/abs/2504.20073): the spread of
rewards within groups falls, then one spike of the gradient's norm marks the point of no return.
A falling spread is a sign of success too, so signs are `warnings`; only what leaves no doubt is a
`find_collapse`, which stops the run.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

FALL = 0.15
"""How far validation success falls, from its best, in a collapse."""

SKIPS = 3
"""Updates skipped one after another before the run stops."""

MOSTLY = 0.5
"""Share of unreadable replies above which nothing can be learned."""


class Collapse(RuntimeError):
    """Training has collapsed; the message says how."""


def find_collapse(
    values: Mapping[str, Any],
    validation_success: Sequence[float] = (),
    history: Sequence[Mapping[str, Any]] = (),
) -> str | None:
    """What has collapsed, in a sentence, or None.

    Args:
        values: the figures of the step just made; it is a collapse where its update and those of
            the two before were `skipped`, and where `unreadable` is above a half at two steps
            running and was lower before: one step may have drawn missions that no demonstration was
            like, and a policy that starts without demonstrations has yet to learn the form.
        validation_success: success at each validation so far: a collapse when the last two both
            lie 15 points or more below the best before them.
        history: the figures of the steps before.
    """
    skipped = [one.get("skipped") for one in (*history[1 - SKIPS :], values)]
    if len(skipped) == SKIPS and all(skipped):
        return f"{SKIPS} updates running were skipped, the last one because {skipped[-1]}"
    shares = [past.get("unreadable", 0.0) for past in history] + [values.get("unreadable", 0.0)]
    if min(shares[-2:]) > MOSTLY and min(shares) <= MOSTLY:
        return f"{100 * shares[-1]:.0f} % of the replies can't be read, at two steps running"
    if len(validation_success) > 2:
        *before, earlier, latest = validation_success
        if max(before) - max(earlier, latest) >= FALL - 1e-9:
            return (
                f"validation success fell from {max(before):.3f} to {earlier:.3f} and "
                f"{latest:.3f}, at two validations running"
            )
    return None


@dataclass(frozen=True, slots=True)
class Sign:
    """A figure to watch against what it used to be."""

    name: str
    worrying: Callable[[float, float], bool]
    """(now, before) -> whether to warn; `before` is its median over the steps looked back on"""
    sentence: str


SIGNS = (
    Sign("grad_norm", lambda now, before: now > 5 * before, "gradient norm jumped"),
    Sign("reward_spread", lambda now, before: now < before / 4, "rewards spread less in a group"),
    Sign("thought_words", lambda now, before: now < before / 2, "thoughts grow short"),
    Sign("thought_words", lambda now, before: now > before * 2, "thoughts grow long"),
    Sign("entropy", lambda now, before: now < before / 4, "entropy falls"),
    Sign("entropy", lambda now, before: now > before * 2, "entropy rises"),
    Sign("sampler_gap", lambda now, _: now > 0.1, "sampler and learner disagree"),
    Sign("unreadable", lambda now, before: now > max(0.1, 2 * before), "replies grow unreadable"),
)
LOOK_BACK = 10
"""Steps before this one that say what is usual."""


def warnings(values: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> list[str]:
    """Signs of trouble in the step just made, in sentences.

    Args:
        values: its figures.
        history: those of the steps before it, oldest first.

    >>> warnings({"grad_norm": 9.0}, [{"grad_norm": 1.0}, {"grad_norm": 1.2}])
    ['gradient norm jumped: 9 after 1.1']
    """
    found = [f"update skipped: {values['skipped']}"] if values.get("skipped") else []
    for sign in SIGNS:
        usual = [
            past[sign.name]
            for past in history[-LOOK_BACK:]
            if math.isfinite(float(past.get(sign.name, "nan")))
        ]
        if sign.name in values and usual:
            now, before = values[sign.name], median(usual)
            if sign.worrying(now, before):
                found.append(f"{sign.sentence}: {now:.3g} after {before:.3g}")
    return found
