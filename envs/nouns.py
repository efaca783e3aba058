"""What things are called: their own names, or for tests invented ones, another language's, or those
of a world in a mirror."""

import re
from functools import cache

from envs.held_out import HELD_OUT

NOUNS: dict[str, dict[str, str]] = {"plain": {}, **HELD_OUT.nouns}
"""Sets of nouns by name; each maps words to what stands in their place."""


def renamed(text: str, nouns: str) -> str:
    """A mission or an observation with its nouns taken from the set of this name.

    >>> renamed("put the red ball next to a box", "plain")
    'put the red ball next to a box'
    >>> renamed("put the red ball next to a box", "invented")
    'put the red dax next to a blicket'
    >>> renamed("put the red ball next to a box", "french")
    "mets la balle rouge à côté d'une boîte"
    >>> renamed("A key 2 ahead 1 left. 20 turns left.", "mirrored")
    'A key 2 ahead 1 right. 20 turns left.'
    """
    names = NOUNS[nouns]
    return _kinds(nouns).sub(lambda kind: names[kind[0]], text) if names else text


@cache
def _kinds(nouns: str) -> re.Pattern[str]:
    longest_first = sorted(NOUNS[nouns], key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(longest_first)})\b")
