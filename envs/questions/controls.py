"""Families that share no skill with the world: what learning from text alone is learned on."""

from itertools import permutations

import numpy as np

from envs.questions.item import Item, Perspective, item
from envs.senses import COLOURS

NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)


def counting(random: np.random.Generator, difficulty: int, perspective: Perspective) -> Item:
    """How many words of a list are the one that is asked for."""
    words = [COLOURS[i] for i in random.integers(len(COLOURS), size=3 + 2 * difficulty)]
    asked = COLOURS[int(random.integers(len(COLOURS)))]
    count = words.count(asked)
    return _number(
        random,
        "counting",
        difficulty,
        perspective,
        f"{', '.join(words)}. How often is {asked} told?",
        count,
        f"It is told {NUMBERS[count]} times.",
    )


def arithmetic(random: np.random.Generator, difficulty: int, perspective: Perspective) -> Item:
    """A sum of `difficulty + 1` small numbers in words."""
    while True:
        parts = [int(part) for part in random.integers(-5, 10, size=difficulty + 1)]
        if parts[0] >= 0 and all(0 <= sum(parts[: n + 1]) <= 17 for n in range(len(parts))):
            break
    told = NUMBERS[parts[0]] + "".join(
        f" {'plus' if part >= 0 else 'minus'} {NUMBERS[abs(part)]}" for part in parts[1:]
    )
    sums = [NUMBERS[sum(parts[: n + 1])] for n in range(len(parts))]
    return _number(
        random,
        "arithmetic",
        difficulty,
        perspective,
        f"{told}. How much is it?",
        sum(parts),
        f"{', '.join(sums)}.",
    )


def sorting(random: np.random.Generator, difficulty: int, perspective: Perspective) -> Item:
    """Numbers in words, from small to large."""
    chosen = sorted(int(i) for i in random.permutation(len(NUMBERS))[: difficulty + 2])
    names = [NUMBERS[i] for i in chosen]
    orders = [order for order in permutations(names) if list(order) != names]
    wrong = [", ".join(orders[i]) for i in random.permutation(len(orders))[:3]]
    told = ", ".join(names[i] for i in random.permutation(len(names)))
    return item(
        random,
        "sorting",
        difficulty,
        perspective,
        f"{told}. Which order goes from small to large?",
        ", ".join(names),
        wrong,
        f"The smallest is {names[0]}, the largest {names[-1]}.",
    )


def _number(
    random: np.random.Generator,
    family: str,
    difficulty: int,
    perspective: Perspective,
    question: str,
    count: int,
    thought: str,
) -> Item:
    """An item whose choices are four numbers in a row, the right one anywhere among them."""
    first = max(0, count - int(random.integers(4)))
    wrong = [NUMBERS[n] for n in range(first, first + 4) if n != count]
    return item(random, family, difficulty, perspective, question, NUMBERS[count], wrong, thought)
