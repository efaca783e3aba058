"""Words drawn anew: whatever is drawn can be read back, and none of it is held out."""

import re
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest

import envs
from envs import varied
from envs.actions import Action
from envs.expert import expert_for
from envs.held_out import HELD_OUT
from envs.phrasing import PHRASINGS
from envs.senses import HEADINGS, SIZE, Senses, Sighting
from envs.thoughts import where
from envs.varied import (
    KINDS,
    WORDINGS,
    drawn_nouns,
    drawn_vocabulary,
    varied_wording,
)
from envs.wording import Wording

DRAWS = 300
BLANK = Senses((), None, None, None, None, "north", 9)
TURNS = (Action.LEFT, Action.RIGHT)


def draws() -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(DRAWS)]


def held_out_words() -> set[str]:
    texts = [*HELD_OUT.vocabularies.values(), *HELD_OUT.nouns.values()]
    words = {word for one in texts for text in one.values() for word in text.split()}
    return words - {
        "left",
        "right",
        "ahead",
        "turn",
        "go",
        "forward",
        "pick",
        "up",
        "drop",
        "toggle",
    }


@pytest.fixture(scope="module")
def wordings() -> list[Wording]:
    return list({varied_wording(random) for random in draws()})


def test_there_are_many(wordings: list[Wording]) -> None:
    assert len(wordings) > 200
    assert len(wordings) < WORDINGS


def test_every_wording_can_be_read_back(wordings: list[Wording]) -> None:
    world = envs.make("mixed")
    random = np.random.default_rng(0)
    for number, wording in enumerate(wordings):
        world.reset(seed=number)
        for _ in range(12):
            word = str(random.choice(["", "fly", *world.action_words]))
            assert wording.parse(wording.write(world.senses)) == world.senses
            if world.step(word)[2]:
                break


def test_a_thought_repeats_what_was_read(wordings: list[Wording]) -> None:
    """In any wording, with its articles aside, and can be read back."""
    sentences = [one for one in PHRASINGS.values() if isinstance(one, Wording)]
    offsets = [(ahead, right) for ahead in range(SIZE) for right in range(-3, 4)][4:]
    for number, wording in enumerate([*wordings, *sentences]):
        ahead, right = offsets[number % len(offsets)]
        facing = HEADINGS[number % 4]
        sight = Sighting("box", "red", None, ahead, right)
        read = wording.write(replace(BLANK, sightings=(sight,), facing=facing))
        thought = f"I carry the key. I see the red box {where(ahead, right)}, so I drop it here."
        told = wording.retell(thought, facing)
        seen = told.removeprefix("I carry the key. I see the ").removesuffix(", so I drop it here.")
        assert seen.startswith("red box") and seen in read
        assert wording.restore(told, facing) == thought


def test_no_wording_is_one_that_is_held_out(wordings: list[Wording]) -> None:
    for name in HELD_OUT.phrasings:
        held = PHRASINGS[name]
        assert isinstance(held, Wording)
        for wording in wordings:
            for field in ("sight", "wall", "step", "carried", "facing", "went_forward", "clock"):
                assert getattr(wording, field) != getattr(held, field)
            assert not {*(wording.ways or ())} & {*(held.ways or ())}


def test_nothing_drawn_is_held_out() -> None:
    held = held_out_words()
    for random in draws():
        vocabulary = drawn_vocabulary(random)
        words = set() if isinstance(vocabulary, str) else set(" ".join(vocabulary).split())
        words |= {word for text in drawn_nouns(random).words.values() for word in text.split()}
        assert not words & held


def test_action_words_mean_nothing() -> None:
    """Each real word stands for several actions, and many actions begin alike."""
    stood_for: dict[str, set[Action]] = {}
    alike = 0
    for random in draws():
        vocabulary = drawn_vocabulary(random)
        if isinstance(vocabulary, str):
            continue
        assert sorted(vocabulary.values()) == list(Action)
        for word, action in vocabulary.items():
            stood_for.setdefault(word, set()).add(action)
        alike += len({word.split()[0] for word in vocabulary}) < len(Action)
    assert len(stood_for["left"]) > 3
    assert len(stood_for["grab"]) > 3
    assert alike > DRAWS / 4


def test_so_many_of_the_draws_are_plain() -> None:
    plain = sum(isinstance(drawn_vocabulary(random), str) for random in draws())
    assert plain == pytest.approx(60, abs=25)
    plain = sum(not drawn_nouns(random).words for random in draws())
    assert plain == pytest.approx(60, abs=25)


def test_turns_are_often_told_apart_by_their_second_word() -> None:
    alike = 0
    for random in draws():
        vocabulary = drawn_vocabulary(random)
        if not isinstance(vocabulary, str):
            left, right = (word for word, action in vocabulary.items() if action in TURNS)
            alike += len({*left.split(), *right.split()}) == 3 and left.split()[0] in right.split()
    assert alike > DRAWS / 3


def test_no_two_words_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    few = cycle(["bab", "bab", "bab", "dod", "fuf", "gog", "huh", "jij", "kuk", "lal"])
    monkeypatch.setattr(varied, "_made_up", lambda *_: next(few))
    for random in draws():
        vocabulary = drawn_vocabulary(random)
        assert isinstance(vocabulary, str) or list(vocabulary.values()) == list(Action)
        nouns = drawn_nouns(random).words
        assert len({*nouns.values()}) == len(nouns) in (0, len(KINDS))


def test_the_expert_speaks_as_the_world_does() -> None:
    for seed in range(20):
        world = envs.make("mixed", nouns="drawn", vocabulary="drawn")
        world.reset(seed=seed)
        advice = expert_for(world).advise()
        assert world.can_read(advice.action)
        said = set(re.findall(r"\w+", advice.thought))
        assert not said & (set(KINDS) & set(world.nouns.words))
