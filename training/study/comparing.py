"""Two arms against each other, at equal cost, seed by seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from envs.questions import Item
from training.checkpoints import Checkpoint
from training.ledger import Ledger, apart
from training.study.arms import Place
from training.study.contrasts import Contrast, contrast
from training.study.matching import WITHIN, Costed, costed, match
from training.study.outcomes import measured, scores

PRIMARY = (("grounded", "yoked"), ("grounded", "text-rl"))
"""The contrasts that were written down beforehand."""

Matching = Literal["tokens", "FLOPs"]
"""What two arms have spent alike: tokens learned from, or operations."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A contrast between two arms at equal cost, or why there is none."""

    one: str
    other: str
    matched: Matching
    contrast: Contrast | None
    apart: Mapping[int, float]
    """seed -> by how much the two checkpoints' costs differ, as a share of the larger"""
    refused: str = ""
    """why they are not compared"""

    @property
    def name(self) -> str:
        """As a table has it."""
        return f"{self.one} - {self.other}"


def cost(spent: Ledger, matched: Matching) -> float:
    """What counts of a ledger."""
    return float(spent.tokens_trained) if matched == "tokens" else spent.flops


def compare(
    place: Place,
    seeds: Sequence[int],
    arms: tuple[str, str],
    matched: Matching,
    weights: int,
    suite: Sequence[Item],
    *,
    unequal: bool = False,
    on_measure: Callable[[Checkpoint], object] = lambda _: None,
) -> Compared:
    """The difference on the suite between two arms' dearest checkpoints of equal cost.

    Args:
        place: where the runs lie; both arms' must be done for all seeds.
        seeds: of the runs.
        arms: the first less the second.
        matched: on what.
        weights: of the model, which all arms share.
        suite: the questions.
        unequal: compare the last checkpoints where no two have cost the same.
        on_measure: told of each checkpoint before it is measured.
    """
    one, other = arms
    chosen: dict[int, tuple[Costed, Costed]] = {}
    for seed in seeds:
        every = [costed(place.run(arm, seed), weights) for arm in arms]
        mine, theirs = ([cost(each.spent, matched) for each in some] for some in every)
        pair = match(mine, theirs)
        here, there = pair or (-1, -1)
        chosen[seed] = every[0][here], every[1][there]
    differ = {
        seed: apart(*(cost(each.spent, matched) for each in pair)) for seed, pair in chosen.items()
    }
    if max(differ.values()) > WITHIN and not unequal:
        worst = max(differ, key=differ.__getitem__)
        return Compared(
            one,
            other,
            matched,
            None,
            differ,
            f"no two checkpoints of {one} and {other} have spent as much: with seed {worst} the "
            f"last ones differ by {differ[worst]:.0%} in {matched}. --unequal "
            "compares them all the same.",
        )
    found = [
        scores(
            {
                seed: measured(place.run(arm, seed), pair[number].checkpoint, suite, (), on_measure)
                for seed, pair in chosen.items()
            }
        )
        for number, arm in enumerate(arms)
    ]
    return Compared(one, other, matched, contrast(*found), differ)
