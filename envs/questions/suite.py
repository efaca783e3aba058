"""The fixed suite: a thousand items on layouts that nothing is trained on."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from itertools import cycle
from pathlib import Path

import numpy as np

from envs.questions.families import OUTCOME
from envs.questions.item import Item, Perspective

PATH = Path(__file__).with_name("suite.jsonl")
ITEMS = 1000
SEED = 2**31
"""Of the first item: the first of the test split (see `envs.tasks`)."""


def make_suite(count: int = ITEMS) -> list[Item]:
    """The suite's first items, drawn anew: families, difficulties and perspectives in turn."""
    kinds = [
        (family, difficulty, perspective)
        for family in OUTCOME.values()
        for perspective in Perspective
        for difficulty in family.difficulties
    ]
    of_family = {name: cycle([kind for kind in kinds if kind[0].name == name]) for name in OUTCOME}
    items: dict[str, Item] = {}
    for number, name in zip(range(count), cycle(OUTCOME), strict=False):
        family, difficulty, perspective = next(of_family[name])
        random = np.random.default_rng(SEED + number)
        item = family.draw(random, difficulty, perspective)
        while item.text in items:
            item = family.draw(random, difficulty, perspective)
        items[item.text] = item
    return list(items.values())


def write_suite(items: Sequence[Item], path: Path = PATH) -> None:
    """A line of JSON an item."""
    path.write_text("".join(json.dumps(asdict(one)) + "\n" for one in items), encoding="utf-8")


def read_suite(path: Path = PATH) -> list[Item]:
    """The items of a file.

    Raises:
        ValueError: if there is no such file, or a line is no item.
    """
    if not path.is_file():
        raise ValueError(f"there is no suite {path}: python -m scripts.questions --make writes it")
    try:
        return [_item(json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is no suite of questions ({error})") from error


def suite_hash(path: Path = PATH) -> str:
    """The sha256 of a suite's file, by which results say what they were measured on."""
    return sha256(path.read_bytes()).hexdigest()


def _item(fields: dict[str, object]) -> Item:
    told = {**fields, "perspective": Perspective(str(fields["perspective"]))}
    return Item(**{**told, "choices": tuple(told["choices"])})  # type: ignore[arg-type]
