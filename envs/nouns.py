"""What things are called: their own names, or for tests invented ones, another language's, or those
of a world in a mirror."""

import re
from collections.abc import Mapping

from envs.held_out import HELD_OUT


class Nouns:
    """Words that stand in the place of others.

    >>> Nouns({}).rename("put the red ball next to a box")
    'put the red ball next to a box'
    >>> NOUNS["invented"].rename("put the red ball next to a box")
    'put the red dax next to a blicket'
    >>> NOUNS["invented"].restore("I see the red dax 2 ahead")
    'I see the red ball 2 ahead'
    >>> NOUNS["french"].rename("put the red ball next to a box")
    "mets la balle rouge à côté d'une boîte"
    >>> NOUNS["mirrored"].rename("A key 2 ahead 1 left. 20 turns left.")
    'A key 2 ahead 1 right. 20 turns left.'
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = dict(words)
        self._plain = {new: old for old, new in reversed(self.words.items())}
        self._old, self._new = _any_of(self.words), _any_of(self._plain)

    def rename(self, text: str) -> str:
        """A mission, an observation or a thought in these words."""
        return self._old.sub(lambda found: self.words[found[0]], text) if self.words else text

    def restore(self, text: str) -> str:
        """The inverse of `rename`. Where several words have become one, it takes the first."""
        return self._new.sub(lambda found: self._plain[found[0]], text) if self.words else text


def _any_of(words: Mapping[str, str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})\b")


NOUNS: dict[str, Nouns] = {
    name: Nouns(words) for name, words in {"plain": {}, **HELD_OUT.nouns}.items()
}
"""Sets of nouns by name."""
