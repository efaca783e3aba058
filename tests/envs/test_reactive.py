"""The rule without memory."""

import pytest

import envs
from envs.reactive import reactive_action
from envs.senses import Senses, Sighting
from envs.text_world import EpisodeStatus


def sensing(*sightings: tuple[str, str, int, int]) -> Senses:
    """Senses with these (kind, colour, ahead, right) in view, the nearest first."""
    seen = tuple(
        Sighting(kind, colour, None, ahead, right) for kind, colour, ahead, right in sightings
    )
    return Senses(seen, None, None, None, None, "north", 10)


@pytest.mark.parametrize(
    ("mission", "seen", "action"),
    [
        ("go to the red ball", [("ball", "blue", 1, 0)], "turn left"),
        ("go to the red ball", [("ball", "blue", 1, 0), ("ball", "red", 2, -1)], "go forward"),
        ("go to the red ball", [("ball", "red", 0, -1)], "turn left"),
        ("go to the red ball", [("ball", "red", 0, 2)], "turn right"),
        ("go to the ball", [("ball", "blue", 0, 2)], "turn right"),
        ("go to the red object", [("key", "red", 0, 2)], "turn right"),
        ("pick up the red ball", [("ball", "red", 1, 0)], "pick up"),
        ("pick up the red ball", [("ball", "red", 2, 0)], "go forward"),
        ("open the blue door", [("door", "blue", 1, 0)], "toggle"),
        ("get to the green goal square", [("goal", "green", 1, 0)], "go forward"),
    ],
)
def test_the_rule(mission, seen, action):
    assert reactive_action(mission, sensing(*seen)) == action


def test_the_rule_tells_which_tasks_need_a_mind():
    def success(name: str) -> float:
        world = envs.make(name, turn_limit=40)
        wins = 0
        for seed in envs.seeds("validation", 50):
            world.reset(seed=seed)
            while world.status is EpisodeStatus.RUNNING:
                world.step(reactive_action(world.mission, world.senses))
            wins += world.status is EpisodeStatus.SUCCESS
        return wins / 50

    assert success("empty") == 1
    assert 0.3 < success("goto-local") < 0.8
    assert success("doorkey") == 0
