"""All outcomes but the primary one: how far the treatment is ahead of each other arm."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from training.study.contrasts import benjamini_hochberg, t_test
from training.study.outcomes import Outcome

TREATMENT = "grounded"


@dataclass(frozen=True, slots=True)
class Secondary:
    """The treatment less another arm in one outcome, at the ends of their runs."""

    outcome: str
    other: str
    difference: float
    by_seed: tuple[float, ...]
    p: float
    """of a paired t-test over seeds, adjusted by Benjamini and Hochberg over all of a study's; 1
    with a single seed"""


def secondary(outcomes: Mapping[str, Mapping[int, Outcome]]) -> tuple[Secondary, ...]:
    """Every secondary outcome of every arm whose seeds are the treatment's.

    Args:
        outcomes: arm -> seed -> at the end of its run.
    """
    treated = outcomes.get(TREATMENT, {})
    found = []
    for arm, of_seed in outcomes.items():
        if arm == TREATMENT or of_seed.keys() != treated.keys():
            continue
        pairs = [(treated[seed].secondary(), of_seed[seed].secondary()) for seed in treated]
        for name in pairs[0][0]:
            by_seed = np.array([mine[name] - theirs[name] for mine, theirs in pairs])
            difference = float(by_seed.mean())
            found.append(Secondary(name, arm, difference, tuple(by_seed.tolist()), t_test(by_seed)))
    adjusted = benjamini_hochberg([one.p for one in found])
    return tuple(replace(one, p=p) for one, p in zip(found, adjusted, strict=True))
