"""Protocols: every trial can be played, and shows what it says."""

import pytest

import envs
from envs.held_out import HELD_OUT
from training.benchmark.protocols import AXES, PROTOCOLS, axes, protocol


@pytest.mark.parametrize("name", [*PROTOCOLS, "axes"])
def test_every_trial_can_be_played(name: str) -> None:
    for trial in protocol(name).trials:
        world = trial.make(turn_limit=3)
        observation, info = world.reset(seed=envs.seeds("test", 1)[0])
        assert observation
        assert info["mission"]
        assert world.turn_limit == 3


def test_published_rows_are_of_the_protocols_own_trials() -> None:
    for name in PROTOCOLS:
        found = protocol(name)
        names = {trial.name for trial in found.trials}
        for row in found.published:
            assert set(row.trials) <= names
            assert (row.average is not None) == found.average


def test_balrog_plays_five_tasks_without_distractors() -> None:
    found = protocol("balrog-babyai")
    assert [trial.name for trial in found.trials] == [
        "goto", "pickup", "open", "putnext", "sequence",
    ]  # fmt: skip
    for trial in found.trials:
        _, info = trial.make().reset(seed=5)
        assert len(info["truth"]["objects"]) <= 2
        assert info["actions"] == envs.tasks.SIX


def test_axes_of_the_mixed_level_are_all_there() -> None:
    found = axes("mixed")
    assert [trial.name for trial in found.trials] == list(AXES)
    assert found.left_out == ()


def test_what_a_level_has_no_option_for_is_left_out_and_said() -> None:
    found = axes("goto-local")
    assert found.left_out == ("held-out pairs", "new compositions")
    assert {trial.name for trial in found.trials} == set(AXES) - set(found.left_out)
    rooms = next(trial for trial in found.trials if trial.name == "bigger rooms")
    _, info = rooms.make().reset(seed=0)
    assert info["truth"]["size"] == (12, 12)


def test_what_a_room_has_no_place_for_is_left_out() -> None:
    assert "more distractors" in axes("goto-small").left_out
    assert "more distractors" not in axes("goto-local").left_out


def test_axes_show_what_they_say() -> None:
    found = {trial.name: trial.make() for trial in axes("mixed").trials}
    seen = {name: world.reset(seed=3) for name, world in found.items()}
    as_it_is, info = seen["as it is"]
    assert len(seen["more distractors"][1]["truth"]["objects"]) == 4 + len(info["truth"]["objects"])
    mirrored = seen["left and right mirrored"][0]
    assert mirrored != as_it_is
    swap = {"left": "right", "right": "left", "east": "west", "west": "east"}
    words = [swap.get(word.strip(".,"), word.strip(".,")) for word in as_it_is.split()]
    words[-1] = "left"  # the clock's "turns left" is no side
    assert [word.strip(".,") for word in mirrored.split()] == words
    assert seen["invented nouns"][1]["mission"] != info["mission"]
    assert "rotate left" in seen["synonym actions"][1]["actions"]


def test_french_has_no_english_left() -> None:
    trial = protocol("glam").trial("French")
    world = trial.make()
    english = {"you", "the", "a", "red", "ball", "box", "key", "door", "ahead", "left", "wall"}
    for seed in range(20):
        observation, info = world.reset(seed=seed)
        for action in ("avancer", "tourner à gauche", "ramasser", "nonsense"):
            said = f"{observation} {info['mission']}".lower()
            assert not english & set(said.replace(",", " ").replace(".", " ").split())
            observation, _, ended, cut, info = world.step(action)
            if ended or cut:
                break
    assert set(info["actions"]) <= set(HELD_OUT.vocabularies["french"].values())


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(ValueError, match="did you mean 'balrog-babyai'"):
        protocol("balrog-baby")
    with pytest.raises(ValueError, match="did you mean 'goto-local'"):
        protocol("axes", "goto-loca")
