"""Words for actions."""

import pytest

from envs.actions import PLAIN, VOCABULARIES, Action, action_set
from envs.held_out import HELD_OUT


def test_the_numbers_are_minigrids() -> None:
    from minigrid.core.actions import Actions

    assert [int(action) for action in Action] == [int(action) for action in Actions]
    assert [action.name.lower() for action in Action] == [action.name for action in Actions]


def test_canonical_words_come_first() -> None:
    words = action_set().words
    assert words[:7] == (
        *("turn left", "turn right", "go forward", "pick up", "drop", "toggle", "done"),
    )
    assert [action_set().word(action) for action in Action] == list(words[:7])
    assert [action.word for action in Action] == list(words[:7])


@pytest.mark.parametrize("text", ["turn left", " Turn  LEFT\n", "\tturn\nleft", "left"])
def test_case_and_spaces_do_not_matter(text: str) -> None:
    assert action_set().read(text) is Action.LEFT


@pytest.mark.parametrize("text", ["", " ", "turn", "turn left.", "I turn left", "turnleft", "0"])
def test_nothing_is_guessed(text: str) -> None:
    assert action_set().read(text) is None


def test_a_set_is_exactly_what_it_lists() -> None:
    moves = action_set(["turn left", "forward"])
    assert moves.words == ("turn left", "forward")
    assert moves.actions == (Action.LEFT, Action.FORWARD)
    assert moves.read("left") is None
    assert moves.word(Action.FORWARD) == "forward"
    with pytest.raises(ValueError, match="DROP is not among the actions"):
        moves.word(Action.DROP)


def test_plain_words_narrow_any_vocabulary() -> None:
    assert action_set(["turn left", "left", "drop"], "rotate").words == ("rotate left", "release")
    assert action_set(["rotate left"], "rotate").words == ("rotate left",)


def _first_words() -> dict[str, Action]:
    return {action.word: action for action in Action}


@pytest.mark.parametrize("name", sorted(HELD_OUT.vocabularies))
def test_a_held_out_vocabulary_names_every_action_once_and_anew(name: str) -> None:
    words = VOCABULARIES[name]
    assert sorted(words.values()) == sorted(Action)
    if name == "mirrored":
        assert words == {**_first_words(), "turn left": Action.RIGHT, "turn right": Action.LEFT}
    else:
        assert not set(words) & set(PLAIN)
    assert all(action_set(vocabulary=name).read(word) is action for word, action in words.items())


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(ValueError, match="did you mean 'rotate'"):
        action_set(vocabulary="rotat")
    with pytest.raises(ValueError, match="did you mean 'turn left'"):
        action_set(["turn lefft"])
    with pytest.raises(ValueError, match="at least one word"):
        action_set([])
    with pytest.raises(ValueError, match="expected a list"):
        action_set("turn left")
