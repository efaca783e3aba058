"""What a thought told, whoever had it."""

import numpy as np
import pytest

import envs
from envs.expert import Expert, expert_for
from envs.grid_world import GridWorld
from envs.heard import heard
from envs.tasks import seeds
from envs.thoughts import Told


@pytest.mark.parametrize("task", ["mixed", "mixed-lessons", "goto-small", "BabyAI-GoToSeq-v0"])
@pytest.mark.parametrize("phrasing", ["sentences", "drawn"])
def test_who_hears_its_own_thoughts_goes_on_as_before(task: str, phrasing: str) -> None:
    for world, random in played(task, 6, phrasing):
        plain, hearing = expert_for(world), expert_for(world)
        while world.status.value == "running":
            advice = plain.advise()
            assert hearing.advise() == advice
            hearing.hear(advice.thought)
            words = world.action_words
            strays = random.random() < 0.3
            world.step(str(random.choice(words)) if strays else advice.action)


def played(task: str, count: int, phrasing: str) -> list[tuple[GridWorld, np.random.Generator]]:
    """Worlds of a task, each at the start of another episode."""
    worlds = []
    for seed in seeds("validation", count):
        world = envs.make(task, phrasing=phrasing)
        assert isinstance(world, GridWorld)
        world.reset(seed=seed)
        worlds.append((world, np.random.default_rng(seed)))
    return worlds


def turned_away() -> tuple[GridWorld, Expert, str]:
    """An expert that saw a thing, and whose body has turned so that it does not see it now."""
    for world, _ in played("goto-small", 100, "sentences"):
        expert = expert_for(world)
        thought = expert.advise().thought
        if "nowhere" in thought or " ahead" not in thought:
            continue
        told = expert._told
        world.step("turn left")
        world.step("turn left")
        if not world.senses.sightings:
            expert._told = told
            return world, expert, thought
    raise AssertionError("no such mission")


def test_what_the_last_thought_told_of_is_followed_out_of_view() -> None:
    _, expert, thought = turned_away()
    expert.hear(thought)
    assert "nowhere, look 1, it should be behind me" in expert.advise().thought


@pytest.mark.parametrize(
    ("thought", "look"),
    [
        ("I look around, look 2, so I turn left.", 3),
        ("I see the purple box 6 ahead, so I go forward.", 1),
        ("What a fine day.", 1),
    ],
)
def test_of_what_the_last_thought_did_not_tell_nothing_is_known(thought: str, look: int) -> None:
    _, expert, _ = turned_away()
    expert.hear(thought)
    told = expert.advise().thought
    assert f"nowhere, look {look}, so" in told


def test_a_place_that_is_not_true_is_none() -> None:
    world, expert, thought = turned_away()
    there = heard(thought, expert.memory, Told())
    assert there.place is not None and there.looks == 0
    for untrue in (
        thought.replace(" ahead", "0 ahead"),
        thought.replace("I see", "I saw"),
    ):
        assert heard(untrue, expert.memory, there).place is None
    assert world.turn == 2


def test_where_nothing_was_thought_the_thought_before_is_still_the_last() -> None:
    world, expert, thought = turned_away()
    expert.hear(thought)
    first = expert.advise()
    expert.hear("")
    world.step("")
    assert expert.advise().thought == first.thought
    expert.hear(first.thought)
    world.step("")
    assert "look 2" in expert.advise().thought
