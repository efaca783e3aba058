"""Families about order: what a mission asks for first, and what happened before what."""

from itertools import permutations

import numpy as np

from envs.mixed_level import pairs
from envs.questions.item import Item, Perspective, item, one_of

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def decompose(random: np.random.Generator, difficulty: int, perspective: Perspective) -> Item:
    """In which order a mission of `difficulty + 2` parts is to be done."""
    names = _names(random, difficulty + 2)
    deeds = [f"{one_of(random, ('go to', 'pick up'))} the {name}" for name in names]
    you = perspective is Perspective.EGOCENTRIC
    after = "after you" if you else "once it has come to this:"
    told = deeds[-1]
    for number, deed in enumerate(reversed(deeds[:-1])):
        turned = number == 0 and random.random() < 0.5
        told = f"{told} {after} {deed}" if turned else f"{deed}, then {told}"
    opening = f"Your mission: {told}." if you else f"A robot is to {told}."
    orders = [list(order) for order in permutations(names)]
    wrong = [order for order in orders if order != names]
    chosen = [wrong[i] for i in random.permutation(len(wrong))[:3]]
    return item(
        random,
        "decompose",
        difficulty,
        perspective,
        f"{opening} In which order do the things come?",
        _listed(names),
        [_listed(order) for order in chosen],
        " ".join(f"{_ORDINALS[i].capitalize()}: {deed}." for i, deed in enumerate(deeds)),
    )


def before_and_after(
    random: np.random.Generator, difficulty: int, perspective: Perspective
) -> Item:
    """What happened right before, or right after, one of `difficulty + 4` events."""
    names = _names(random, difficulty + 4)
    you = perspective is Perspective.EGOCENTRIC
    who = "You" if you else "The robot"
    verbs = ("reach", "pass", "touch") if you else ("reaches", "passes", "touches")
    events = [f"{one_of(random, verbs)} the {name}" for name in names]
    after = random.random() < 0.5
    asked = int(random.integers(1, len(names) - 1))
    right = names[asked + 1 if after else asked - 1]
    others = [name for i, name in enumerate(names) if name != right and i != asked]
    # What stands on the other side of the event is among the choices: so is its mirror image.
    mirrored = names[asked - 1 if after else asked + 1]
    rest = [name for name in others if name != mirrored]
    wrong = [mirrored, *[rest[i] for i in random.permutation(len(rest))[:2]]]
    told = " ".join(f"{who} {event}." for event in events)
    when = "after" if after else "before"
    return item(
        random,
        "before and after",
        difficulty,
        perspective,
        f"{told} What comes right {when} the {names[asked]}?",
        right,
        wrong,
        f"The {names[asked - 1]}, the {names[asked]}, the {names[asked + 1]}. Right {when} the "
        f"{names[asked]} comes the {right}.",
    )


def _names(random: np.random.Generator, count: int) -> list[str]:
    """Things that training may show, no two alike."""
    every = [f"{colour} {kind}" for colour, kind in pairs("train")]
    return [every[i] for i in random.permutation(len(every))[:count]]


def _listed(names: list[str]) -> str:
    return ", ".join(names)
