"""A question with its choices, and how the families that draw questions look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Perspective(StrEnum):
    """In whose terms a question is told."""

    EGOCENTRIC = "egocentric"
    """of "you": what is ahead, to the left and to the right, as in the worlds that one acts in"""
    ALLOCENTRIC = "allocentric"
    """of a robot seen from above: columns, rows, the points of the compass"""


@dataclass(frozen=True, slots=True)
class Item:
    """A question of which one choice is right."""

    family: str
    difficulty: int
    perspective: Perspective
    question: str
    choices: tuple[str, ...]
    """in the order in which they are told"""
    answer: int
    """which of them is right, from 0"""
    thought: str
    """why, for those who are shown how to answer"""

    @property
    def text(self) -> str:
        """The question and its choices, as a world tells them."""
        return f"{self.question} Choices: {'; '.join(self.choices)}."

    @property
    def right(self) -> str:
        """The right choice."""
        return self.choices[self.answer]

    @property
    def chance(self) -> float:
        """How often a guess is right."""
        return 1 / len(self.choices)


Draw = Callable[[np.random.Generator, int, Perspective], Item]
"""Draws an item of a family: its random stream, how difficult, in whose terms."""


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of question."""

    name: str
    draw: Draw
    difficulties: range
    """from easy to hard"""
    chance: float
    """how often a guess is right"""
    about: str
    """what is asked, and what makes it hard"""


def item(
    random: np.random.Generator,
    family: str,
    difficulty: int,
    perspective: Perspective,
    question: str,
    right: str,
    wrong: Sequence[str],
    thought: str,
) -> Item:
    """An item whose choices are told in a random order.

    Raises:
        ValueError: if two choices are alike, so that more than one could be right.
    """
    every = (right, *wrong)
    if len(set(every)) < len(every):
        raise ValueError(f"two choices of a question are alike: {every}")
    order = random.permutation(len(every))
    return Item(
        family,
        difficulty,
        perspective,
        question,
        tuple(every[i] for i in order),
        int(np.argmin(order)),
        thought,
    )


def one_of(random: np.random.Generator, choices: Sequence[str]) -> str:
    """One of some texts, each as likely."""
    return choices[int(random.integers(len(choices)))]
