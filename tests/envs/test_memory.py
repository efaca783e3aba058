"""What is remembered is what was in view."""

import random

import pytest

import envs
from envs.memory import Deed, Memory, Thing, ahead_of, offset

WORLDS = ("BabyAI-GoTo-v0", "MiniGrid-FourRooms-v0", "MiniGrid-UnlockPickup-v0", "mixed")


@pytest.mark.parametrize("name", WORLDS)
def test_memory_is_what_was_in_view_and_nothing_else(name):
    world = envs.make(name)
    chance = random.Random(name)
    for seed in range(5):
        _, info = world.reset(seed=seed)
        memory = Memory()
        for _ in range(40):
            memory.observe(world.raw)
            assert set(memory.cells) <= set(info["truth"]["seen"])
            assert memory.in_view <= set(memory.cells)
            remembered = {
                (thing.kind, thing.colour, thing.state, *offset(memory.pose, place))
                for place in memory.in_view
                if (thing := memory.cells[place]) and thing.kind != "wall"
                if place != memory.pose[0]
            }
            told = {(s.kind, s.colour, s.state, s.ahead, s.right) for s in world.senses.sightings}
            assert remembered == told
            assert (memory.carried and (memory.carried.kind, memory.carried.colour)) == (
                world.senses.carried
            )
            _, _, terminated, truncated, info = world.step(chance.choice(world.action_words))
            if terminated or truncated:
                break


def test_deeds_are_noted_in_their_order():
    world = envs.make("MiniGrid-DoorKey-5x5-v0")
    world.reset(seed=0)
    level, memory = world.raw, Memory()
    key = next(place for place in _places(level, "key"))
    door = next(place for place in _places(level, "door"))
    for place, action in ((key, "pick up"), (door, "toggle"), (None, "turn left")):
        if place:
            level.agent_pos, level.agent_dir = (place[0] - 1, place[1]), 0
            memory.observe(level)
        world.step(action)
        memory.observe(level)
    deeds = [deed for deed in memory.deeds if deed.verb != "reach"]
    colour = level.grid.get(*door).color
    assert deeds == [
        Deed("pick up", Thing("key", colour)),
        Deed("open", Thing("door", colour, "open")),
    ]


def test_turning_toward_an_open_door_opens_nothing():
    world = envs.make("MiniGrid-DoorKey-5x5-v0")
    world.reset(seed=0)
    level, memory = world.raw, Memory()
    (door,) = _places(level, "door")
    level.grid.get(*door).is_locked = False
    level.grid.get(*door).is_open = True
    level.agent_pos, level.agent_dir = (door[0] - 1, door[1]), 1
    memory.observe(level)
    world.step("turn left")
    memory.observe(level)
    assert ahead_of(memory.pose) == door
    assert [deed.verb for deed in memory.deeds if deed.thing.kind == "door"] == ["reach"]


def test_finding_goes_by_kind_and_colour_nearest_first():
    memory = Memory()
    memory.pose = ((0, 0), 0)
    memory.cells = {(5, 0): Thing("ball", "red"), (1, 1): Thing("ball", "blue"), (1, 0): None}
    assert memory.find("ball", None) == [(1, 1), (5, 0)]
    assert memory.find(None, "red") == [(5, 0)]
    assert memory.ever_saw("ball", "red") and not memory.ever_saw("key", None)
    memory.carried = Thing("key", "red")
    assert memory.ever_saw("key", None)


def _places(level, kind):
    return [
        (x, y)
        for x in range(level.width)
        for y in range(level.height)
        if (thing := level.grid.get(x, y)) and thing.type == kind
    ]
