"""The words for MiniGrid's seven actions, and the sets of them that a world accepts."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from envs.errors import unknown
from envs.held_out import HELD_OUT


class Action(IntEnum):
    """What a body can do; the numbers are MiniGrid's own."""

    LEFT = 0
    RIGHT = 1
    FORWARD = 2
    PICKUP = 3
    DROP = 4
    TOGGLE = 5
    DONE = 6

    @property
    def word(self) -> str:
        """Its canonical word, whatever a world calls it."""
        return _CANONICAL[self]


MOVES = (Action.LEFT, Action.RIGHT, Action.FORWARD)
"""What moves the body and nothing else."""

PLAIN: dict[str, Action] = {
    "turn left": Action.LEFT,
    "turn right": Action.RIGHT,
    "go forward": Action.FORWARD,
    "pick up": Action.PICKUP,
    "drop": Action.DROP,
    "toggle": Action.TOGGLE,
    "done": Action.DONE,
    "left": Action.LEFT,
    "right": Action.RIGHT,
    "forward": Action.FORWARD,
    "pickup": Action.PICKUP,
    "put down": Action.DROP,
    "open": Action.TOGGLE,
}
"""The trained words. The first one of an action is its canonical word, the others are synonyms."""

_CANONICAL = {action: word for word, action in reversed(PLAIN.items())}

VOCABULARIES: dict[str, dict[str, Action]] = {
    "plain": PLAIN,
    **{
        name: {word: Action[action] for action, word in words.items()}
        for name, words in HELD_OUT.vocabularies.items()
    },
}


def normalised(text: str) -> str:
    """The text with case, outer spaces and runs of spaces made equal, and nothing else."""
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class ActionSet:
    """The action words that a world accepts, in the order in which a prompt lists them.

    >>> actions = action_set(["turn left", "go forward"])
    >>> actions.words
    ('turn left', 'go forward')
    >>> actions.read("  Go   FORWARD ")
    <Action.FORWARD: 2>
    >>> actions.read("forward") is None
    True
    """

    meaning: dict[str, Action]
    """Word -> action. Exactly these words are accepted."""

    @property
    def words(self) -> tuple[str, ...]:
        """Every accepted word, canonical words first."""
        return tuple(self.meaning)

    @property
    def actions(self) -> tuple[Action, ...]:
        """Every action that can be taken, once."""
        return tuple(dict.fromkeys(self.meaning.values()))

    def read(self, text: str) -> Action | None:
        """The action that `text` names, or None. Nothing is guessed."""
        return self.meaning.get(normalised(text))

    def word(self, action: Action) -> str:
        """The first word for an action; `ValueError` when the set does not hold it."""
        for word, meant in self.meaning.items():
            if meant == action:
                return word
        raise ValueError(
            f"{action.name} is not among the actions of this world: expected one of "
            f"{', '.join(self.words)}."
        )


def action_set(
    words: Iterable[str] | None = None, vocabulary: str | dict[str, Action] = "plain"
) -> ActionSet:
    """The set of a vocabulary's words, or of some of them; the vocabulary is told by its name, or
    word by word.

    Without `words`, the whole vocabulary is accepted. With `words` exactly those are. Plain words
    name actions in every vocabulary, so that a task can say what may be done whatever it is
    called: in a vocabulary that has not the word itself, its own word for that action is accepted.
    """
    if isinstance(vocabulary, str):
        if vocabulary not in VOCABULARIES:
            raise unknown("vocabulary", vocabulary, VOCABULARIES)
        vocabulary = VOCABULARIES[vocabulary]
    known = vocabulary
    if words is None:
        return ActionSet(dict(known))
    if isinstance(words, str):
        raise ValueError(f"expected a list of action words, got the string {words!r}.")
    own = {action: word for word, action in reversed(known.items())}
    meaning: dict[str, Action] = {}
    for word in map(normalised, words):
        if word in known:
            meaning[word] = known[word]
        elif word in PLAIN:
            meaning[own[PLAIN[word]]] = PLAIN[word]
        else:
            raise unknown("action", word, known)
    if not meaning:
        raise ValueError("an action set needs at least one word, got none.")
    return ActionSet(meaning)
