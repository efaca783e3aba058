"""Words drawn anew for each episode, so that a mind learns what is meant, not what it is called.

A world whose things, actions and observations are always told in the same words can be mastered by
heart. Where `GridWorld` is asked for words that are "drawn", a fifth of the episodes have the plain
nouns, a fifth the plain action words and a quarter a wording of the project's own; the others have
these: real words and made-up ones, none of which is held out for tests (`envs.held_out`). What
stays is what no one could guess: numbers, colours, left and right, the points of the compass, the
order in which actions are listed and senses are told.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from envs.actions import Action
from envs.held_out import HELD_OUT
from envs.nouns import Nouns
from envs.wording import Wording

WORDINGS = 1024
"""How many varied wordings there are to draw from; each is drawn from its own number."""

KINDS = ("ball", "box", "key", "door")
"""What has another name in an episode of drawn nouns."""

_THINGS = (
    *("cup", "lamp", "coin", "hat", "pot", "drum", "kite", "stone", "rope", "brush", "pen", "book"),
    *("bell", "vase", "shoe", "fork", "apple", "bowl", "mug", "clock", "ring", "plate", "bag"),
)

_DEEDS = (
    *("go", "spin", "veer", "swing", "face", "left", "right", "step", "walk", "advance", "on"),
    *("forward", "proceed", "grab", "lift", "collect", "get", "pick", "seize", "put", "down"),
    *("lay", "place", "leave", "let", "unload", "use", "press", "unlock", "operate", "flip"),
    *("open", "stop", "end", "finished", "quit", "ready", "halt", "ahead"),
)
"""Words of actions; in an episode of drawn words they stand for any of them."""

_ENGLISH = {
    "sight": ("Around you: ", "In view: ", "There is ", "You spot ", "Visible: ", "I see "),
    "blank": ("Nothing is in view", "You spot nothing", "Visible: nothing", "I see nothing"),
    "wall": ("The wall is ", "There is a wall ", "walls: ", "wall ", "Walls at "),
    "carried": ("You hold ", "carrying ", "With you: ", "You have ", "I hold "),
    "facing": ("facing ", "You look ", "Heading: ", "Your front is ", "I face "),
    "turned_left": ("Turned left", "You went left", "last: to the left", "I turned to the left"),
    "turned_right": (
        "Turned right",
        "You went right",
        "last: to the right",
        "I turned to the right",
    ),
    "went_forward": ("Moved", "You walked", "last: moved on", "You stepped on", "I walked"),
    "bumped": ("Stopped by ", "You ran into ", "last: hit ", "No way through ", "I ran into "),
    "picked_up": ("Lifted it", "You have it now", "last: got it", "I lifted it"),
    "picked_up_nothing": ("Lifted nothing", "last: got nothing", "There was nothing to lift"),
    "dropped": ("Left it there", "last: left it", "You let it fall", "I let it fall"),
    "dropped_nothing": ("Left nothing", "last: left nothing", "It would not fall"),
    "toggled": ("Used it", "last: used it", "It has changed", "I used it"),
    "toggled_nothing": ("Worked it in vain", "last: in vain", "It has not changed"),
    "done": ("Done", "last: ended", "You called an end", "I called an end"),
    "no_action": ("No word", "last: nothing", "You did not act", "I did not act"),
    "unknown_action": ("Wrong word", "last: wrong", "You may not do that", "I may not do that"),
    "clock": ("Turns to go: ", "time: ", "Left to do: ", "You may go on for ", "Time left: "),
}
"""Fields of a wording -> how it may begin, before what fills its hole."""

_HOLES = {"sight": "{things}", "wall": "{places}", "facing": "{facing}", "clock": "{n}"}
_TAILS = ("", "", "", " now", " there", " more", " from here", " at present")
_TOWARDS = (
    *("to", "on", "at", "by", "in", "towards"),
    *("over to", "off to", "out to", "back to", "up to"),
)
_WHOSE = ("", " the", " your", " my", " my", " this")
_WAYS = {way for fields in HELD_OUT.phrasings.values() for way in fields["ways"] or ()}
_STEPS = {fields["step"] for fields in HELD_OUT.phrasings.values()}
_JOINS = ("; ", " plus ", " also ", " / ", " | ", " as well as ", " besides ")
_AHEAD = ("forward", "ahead", "straight on", "in front", "before you", "further", "off")
_UNITS = ("cells", "squares", "tiles", "yards", "feet", "metres", "fields")

_HELD_OUT_WORDS = frozenset(
    word.casefold()
    for texts in (*HELD_OUT.vocabularies.values(), *HELD_OUT.nouns.values())
    for text in texts.values()
    for word in text.split()
)


def drawn_nouns(random: np.random.Generator) -> Nouns:
    """Other names for the kinds of things, or none."""
    if random.random() < 0.2:
        return Nouns({})
    return Nouns(dict(zip(KINDS, _few(random, _THINGS, len(KINDS)), strict=True)))


def drawn_vocabulary(random: np.random.Generator) -> dict[str, Action] | str:
    """One or two words for each action, no two alike, or the plain vocabulary's name.

    They mean nothing: a mind that knows synonyms by heart would not look them up. They are made of
    few, so that actions often begin alike, and half of the time the turns do, which are told apart
    most often: as in "rotate left" and "rotate right", the second word then decides.
    """
    if random.random() < 0.2:
        return "plain"
    few = _few(random, _DEEDS, len(Action))
    words: dict[str, Action] = {}
    if random.random() < 0.5:
        words = {f"{few[0]} {few[1]}": Action.LEFT, f"{few[0]} {few[2]}": Action.RIGHT}
    for action in [*Action][len(words) :]:
        said = few[action]
        while random.random() < 0.4 or said in words:
            said = " ".join(map(str, random.choice(few, 2, replace=False)))
        words[said] = action
    return words


def varied_wording(random: np.random.Generator) -> Wording:
    """One of `WORDINGS` ways to tell the senses."""
    return _wording(int(random.integers(WORDINGS)))


@lru_cache(WORDINGS)
def _wording(number: int) -> Wording:
    """The same wording for the same number, always."""
    random = np.random.default_rng([20261127, number])
    lines = random.random() < 0.25
    end = "" if lines else "."
    article = _one(random, ("{a_noun}", "{noun}"))
    holes = {**_HOLES, "carried": article, "bumped": article}
    fields = {
        name: _sentence(random, choices, holes.get(name, "")) + end
        for name, choices in _ENGLISH.items()
    }
    compass = random.random() < 0.25
    unit = _mostly(random, _UNITS)
    one = unit.removesuffix("s")
    if compass and random.random() < 0.5:
        unit = one = _towards(random)
    step, one_step = (
        ("{n} {way}", "1 {way}"),
        (f"{{n}} {unit} {{way}}", f"1 {unit} {{way}}"),
        (f"{{n}} {unit} {{way}}", f"one {one} {{way}}"),
        ("{way} {n}", "{way} 1"),
    )[int(random.integers(4))]
    ways = (_mostly(random, _AHEAD), *_sides(random))
    between = _one(random, ("{} {}", "{}, {}", "{} ({})", "{}: {}", "{} at {}"))
    join = _one(random, _JOINS if ", " in between else (", ", *_JOINS))
    then = (" ", " and ", " then ") if join == ", " else (" ", " and ", " then ", ", ")
    return Wording(
        **fields,
        thing=between.format(article, "{place}"),
        thing_join=join,
        wall_join=join,
        step=step,
        one_step=one_step,
        step_join=_one(random, then),
        ways=None if compass else ways,
        between="\n" if lines else " ",
    )


def _towards(random: np.random.Generator) -> str:
    """Words before a point of the compass, not those that are held out."""
    while True:
        words = _preposition(random)
        if f"{{n}} {words} {{way}}" not in _STEPS:
            return words


def _sides(random: np.random.Generator) -> tuple[str, str]:
    """Words for right and left, none of which is held out."""
    while True:
        begins = f"{_preposition(random)} "
        kinds = ("{}", "{}ward", "{} of you", _made_up(random) + " {}", begins + "{} side")
        side = _one(random, kinds) if random.random() < 0.4 else begins + "{}"
        right, left = side.format("right"), side.format("left")
        if not {right, left} & _WAYS:
            return right, left


def _preposition(random: np.random.Generator) -> str:
    return _one(random, _TOWARDS) + _one(random, _WHOSE)


def _sentence(random: np.random.Generator, english: Sequence[str], hole: str) -> str:
    """It begins in English, or in words that mean nothing, and may go on behind its hole."""
    if random.random() < 0.75:
        begins = _one(random, english)
    else:
        begins = " ".join(_made_up(random) for _ in range(int(random.integers(1, 4))))
        begins += " " if hole else ""
    return begins + hole + (_one(random, _TAILS) if hole else "")


def _few(random: np.random.Generator, real: Sequence[str], count: int) -> list[str]:
    """So many words, no two alike, real and made-up, half of the time of few syllables."""
    ready = [str(word) for word in random.permutation(real)]
    syllables = [_syllable(random) for _ in range(5)] if random.random() < 0.5 else []
    words: list[str] = []
    while len(words) < count:
        words = [*dict.fromkeys([*words, _either(random, ready, syllables)])]
    return words


def _either(random: np.random.Generator, real: list[str], syllables: Sequence[str] = ()) -> str:
    """A real word, taken from the list, or a made-up one."""
    return real.pop() if random.random() < 0.5 else _made_up(random, syllables)


def _mostly(random: np.random.Generator, real: Sequence[str]) -> str:
    """One of the real words, three times in four, or a made-up one."""
    return _one(random, real) if random.random() < 0.75 else _made_up(random)


def _one(random: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(random.integers(len(choices)))]


def _made_up(random: np.random.Generator, syllables: Sequence[str] = ()) -> str:
    """A word that means nothing, and is not held out; of these syllables, or any."""
    while True:
        word = "".join(
            _one(random, syllables) if syllables else _syllable(random)
            for _ in range(int(random.integers(1, 3)))
        )
        if len(word) > 2 and word not in _HELD_OUT_WORDS and not re.search(_TAKEN, word):
            return word


def _syllable(random: np.random.Generator) -> str:
    return _one(random, _ONSETS) + _one(random, _VOWELS) + _one(random, _CODAS)


# Clusters, too: what a mind never had to write, it learns never to write, be it listed or not.
_ONSETS = (
    *"bcdfghjklmnpqrstvwxyz",
    *("bl", "br", "ch", "cl", "cr", "dr", "fl", "fr", "gl", "gr", "pl", "pr", "sh", "sk", "sl"),
    *("sm", "sn", "sp", "st", "str", "sw", "th", "tr", "wh", ""),
)
_VOWELS = (*"aaeeiioou", "y", "ai", "ea", "ee", "ie", "oa", "oo", "ou")
_CODAS = (
    *("", "", "", "", "", "", *"bcdfgklmnprstvxyz"),
    *("ck", "ff", "ft", "ke", "le", "ld", "ll", "mp", "nd", "ng", "nk", "nt", "re", "rk", "rm"),
    *("rn", "rt", "sh", "sk", "ss", "st", "te", "th"),
)
_TAKEN = "|".join(("left", "right", *KINDS))
