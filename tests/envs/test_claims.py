"""Whatever an expert says had been observed: demonstrations are replayed, every claim checked."""

import random
import re
from itertools import product

import numpy as np
import pytest

import envs
from envs.actions import MOVES
from envs.claims import Claim, Fact, check, read_claims
from envs.expert import expert_for
from envs.memory import Deed, Memory, Thing
from tests.support.maps import draw

REPLAYED = {
    "goto-small": 40,
    "goto-local": 20,
    "pickup-local": 10,
    "putnext-local": 10,
    "mixed": 15,
    "mixed-two-pickups": 5,
    "doorkey": 8,
    "fourrooms": 4,
    "lavagap": 8,
    "crossing": 5,
    "unlock": 5,
    "unlock-pickup": 5,
    "BabyAI-SynthSeq-v0": 2,
    "BabyAI-UnblockPickup-v0": 2,
    "MiniGrid-MultiRoom-N4-S5-v1": 2,
    "MiniGrid-KeyCorridorS3R2-v0": 2,
}


@pytest.mark.parametrize("overruled", [0.0, 0.3])
@pytest.mark.parametrize("name", REPLAYED)
def test_experts_say_only_what_was_observed(name, overruled):
    world = envs.make(name)
    chance, astray = random.Random(name), np.random.default_rng(0)
    for seed in envs.seeds("validation", REPLAYED[name]):
        world.reset(seed=seed)
        expert = expert_for(world)
        for _ in range(120):
            advice = expert.advise()
            for claim in read_claims(advice.thought):
                assert check(claim, expert.memory) is not False, (seed, advice.thought, claim)
            for claim in read_claims(expert.instead(astray.choice(MOVES)).thought):
                assert check(claim, expert.memory) is not False, (seed, advice.thought, claim)
            instead = chance.choice(["what?", *world.action_words])
            action = instead if chance.random() < overruled else advice.action
            _, _, terminated, truncated, _ = world.step(action)
            if terminated or truncated:
                break


def test_what_is_in_view_is_also_what_the_observation_told():
    world = envs.make("goto-local")
    for seed in range(20):
        world.reset(seed=seed)
        expert = expert_for(world)
        terminated = False
        while not terminated:
            observed = {f"{s.noun} {s.ahead} {s.right}" for s in world.senses.sightings}
            advice = expert.advise()
            for claim in read_claims(advice.thought):
                if claim.fact is Fact.IN_VIEW:
                    steps = {way: int(n) for n, way in re.findall(r"(\d+) (\w+)", claim.where)}
                    right = steps.get("right", 0) - steps.get("left", 0)
                    assert f"{claim.thing} {steps.get('ahead', 0)} {right}" in observed
            _, _, terminated, _, _ = world.step(advice.action)


def test_every_thought_ends_in_its_action():
    world = envs.make("mixed")
    verbs = {"pick up": "pick it up", "drop": "drop it here", "toggle": "toggle it"}
    for seed in range(10):
        world.reset(seed=seed)
        expert = expert_for(world)
        terminated = False
        while not terminated:
            advice = expert.advise()
            *_, last = read_claims(advice.thought)
            said = verbs.get(advice.action, advice.action)
            assert last == Claim(Fact.INTENDED, said)
            _, _, terminated, _, _ = world.step(advice.action)


@pytest.fixture
def memory() -> Memory:
    memory = Memory()
    memory.cells = draw(
        "#######",
        "#..b.D#",
        "#.x.k.#",
        "#######",
    )
    memory.in_view = frozenset(memory.cells) - {(4, 2)}
    memory.pose = ((1, 2), 0)
    memory.deeds = [Deed("pick up", Thing("ball", "red"))]
    return memory


@pytest.mark.parametrize(
    ("thought", "holds"),
    [
        ("I see the red ball 2 ahead 1 left, so I go forward.", True),
        ("I see the red ball 2 ahead 1 right, so I go forward.", False),
        ("I see the red ball 2 ahead 1 left, so I go forward. 3", True),
        ("I see the red ball 2 ahead 1 right, so I go forward. 3", False),
        ("I see the blue ball 2 ahead 1 left, so I go forward.", False),
        (
            "I see the red ball 2 ahead 1 left, but the blue box is in the way, so I turn left.",
            True,
        ),
        (
            "I see the red ball 2 ahead 1 left, but the red box is in the way, so I turn left.",
            False,
        ),
        ("I see the red ball 2 ahead 1 left, but the way there is blocked, so I turn left.", True),
        ("I see the blue box 1 ahead, but the way there is blocked, so I turn left.", False),
        ("I see the yellow key 3 ahead, so I go forward.", False),  # out of view
        ("I see the yellow key nowhere, look 2, it should be ahead of me, so I go forward.", True),
        ("I see the yellow key nowhere, look 2, it should be behind me, so I go forward.", False),
        ("I see the green ball nowhere, look 1, so I turn left.", True),
        ("I see the yellow key nowhere, look 1, so I turn left.", True),
        ("I see the yellow object nowhere, look 1, so I turn left.", False),
        ("I see the red object nowhere, look 1, so I turn left.", False),
        ("I see the green goal nowhere. I see the red ball 2 ahead 1 left, so I go forward.", True),
        ("I see the blue box nowhere. I see the red ball 2 ahead 1 left, so I go forward.", False),
        ("I still look for the ball. I look around, look 1, so I turn left.", True),
        ("I carry the red ball. I look for a free place, so I turn left.", False),
        ("I have picked up the red ball. I look around, look 1, so I turn left.", True),
        ("I have opened the yellow door. I look around, look 1, so I turn left.", False),
        ("The place ahead is free, so I drop it here.", False),
        ("I see the blue box 1 ahead, so I pick it up to unlock the yellow door.", True),
        ("I see the blue box 1 ahead, so I pick it up to unlock the red door.", False),
    ],
)
def test_false_claims_are_found(memory, thought, holds):
    assert all(check(claim, memory) is not False for claim in read_claims(thought)) == holds


@pytest.mark.parametrize(
    "thought",
    [
        "",
        "I see the red ball near, so I go forward.",
        "I go forward.",
        "I see the red ball 2 ahead, so I fly.",
        "I am happy. I see the red ball 2 ahead, so I go forward.",
    ],
)
def test_a_sentence_of_another_form_is_an_error(thought):
    with pytest.raises(ValueError, match="expected a sentence of an expert's thought"):
        read_claims(thought)


PARTS = (
    ["The ", "I see the ", "I carry the ", "I look around, look 1", ""],
    ["red ball", "object", "2 ahead", " ", "", "the the"],
    [" 2 ahead", " 1 right", " nowhere.", " nowhere, look 1, it should be behind me", ""],
    [" I look around, look 2", " The place ahead is free", ".", ""],
    ["", ", but the way there is blocked", ", but the   is in the way"],
    [", so I turn left.", ", so I go forward to unlock the   door.", "."],
)


def test_whatever_a_model_makes_of_the_words_is_checked_or_refused():
    read = 0
    for thought in map("".join, product(*PARTS)):
        try:
            claims = read_claims(thought)
        except ValueError:
            continue
        read += 1
        assert {check(claim, Memory()) for claim in claims} <= {True, False, None}, thought
    assert read > 100


@pytest.mark.parametrize(
    "thought",
    [
        "I look around, look 1, but the way there is blocked, so I turn left.",
        "I see the   nowhere, look 1, so I turn left.",
    ],
)
def test_words_without_a_thing_are_refused(thought):
    with pytest.raises(ValueError, match="expected a sentence of an expert's thought"):
        [check(claim, Memory()) for claim in read_claims(thought)]
