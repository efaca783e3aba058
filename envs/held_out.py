"""What training must never see: words, phrasings, synonyms and object combinations.

All of it stands in `held_out.json`, and a test knows that file's hash, so that nothing moves from
one side to the other unnoticed. Training code asks `envs.tasks.refuse_held_out` about every task it
draws from; evaluation does not.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("held_out.json")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The contents of `held_out.json`."""

    phrasings: dict[str, dict[str, Any]]
    """Wordings of the senses, by name: the fields of an `envs.wording.Wording`."""
    vocabularies: dict[str, dict[str, str]]
    """Words for the actions, by name: action name -> its only word."""
    combinations: frozenset[tuple[str, str]]
    """(colour, kind) pairs that no object of a training episode of the mixed level has."""
    missions: frozenset[str]
    """Kinds of mission of the mixed level that are for testing only."""
    nouns: dict[str, dict[str, str]]
    """Words in place of others, by name: kind -> noun, as a rule."""


def _read(text: str) -> HeldOut:
    data = json.loads(text)
    return HeldOut(
        phrasings=data["phrasings"],
        vocabularies=data["vocabularies"],
        combinations=frozenset((colour, kind) for colour, kind in data["combinations"]),
        missions=frozenset(data["missions"]),
        nouns=data["nouns"],
    )


HELD_OUT = _read(PATH.read_text(encoding="utf-8"))
