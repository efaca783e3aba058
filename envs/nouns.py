"""What the kinds of things are called: their own names, or invented ones for tests."""

import re
from functools import cache

from envs.held_out import HELD_OUT

NOUNS: dict[str, dict[str, str]] = {"plain": {}, **HELD_OUT.nouns}
"""Sets of nouns by name; each maps kinds of things to what they are called instead."""


def renamed(text: str, nouns: str) -> str:
    """A mission or an observation with its nouns taken from the set of this name.

    >>> renamed("put the red ball next to a box", "plain")
    'put the red ball next to a box'
    >>> renamed("put the red ball next to a box", "invented")
    'put the red dax next to a blicket'
    """
    names = NOUNS[nouns]
    return _kinds(nouns).sub(lambda kind: names[kind[0]], text) if names else text


@cache
def _kinds(nouns: str) -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(NOUNS[nouns])})\b")
