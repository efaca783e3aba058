"""The mixed level: what it shows, what it leaves out, and that it can always be done."""

import re
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from minigrid.utils.baby_ai_bot import BabyAIBot

import envs
from envs.expert import expert_for
from envs.grid_world import GridWorld
from envs.mixed_level import TRAINED_KINDS, pairs
from envs.text_world import EpisodeStatus

HELD_OUT = {
    *[("yellow", "box"), ("red", "door"), ("red", "key"), ("green", "ball"), ("grey", "door")]
}
THING = r"(?:the|a) (\w+) (ball|box|key)"
PICK = f"pick up {THING}"
GO = f"go to {THING}"
PUT = f"put {THING} next to {THING}"
MISSIONS = {
    "goto": rf"go to {THING}",
    "pickup": PICK,
    "open": r"open (?:the (\w+)|a) (door)",
    "putnext": PUT,
    "sequence": rf"{PICK}, then {GO}|{GO} after you {PICK}",
    "two-pickups": rf"{PICK}, then {PICK}|{PICK} after you {PICK}",
    "two-visits": rf"{GO}, then {GO}|{GO} after you {GO}",
    "visit-pickup": rf"{GO}, then {PICK}|{PICK} after you {GO}",
    "swap": PICK,
    "visit-swap": rf"{GO}, then {PICK}|{PICK} after you {GO}",
    "pickup-putnext": rf"{PICK}, then {PUT}|{PUT} after you {PICK}",
}
FULL_HANDS = ("swap", "visit-swap")
NAMED = {"goto": 1, "pickup": 1, "swap": 1, "pickup-putnext": 3}
"""How many things a mission names, where it is not two."""


def mixed(**options: Any) -> GridWorld:
    world = envs.make("mixed", **options)
    assert isinstance(world, GridWorld)
    return world


def named(mission: str) -> set[tuple[str, str]]:
    """The (colour, kind) pairs that a mission names."""
    return set(re.findall(r"(\w+) (ball|box|key|door)", mission)) - {("a", "door")}


def shown(truth: dict[str, Any]) -> list[tuple[str, str]]:
    return [(thing["colour"], thing["kind"]) for thing in truth["objects"]]


@pytest.mark.parametrize("kind", MISSIONS)
def test_each_kind_of_mission(kind: str) -> None:
    world = mixed(kinds=(kind,))
    for seed in range(40):
        _, info = world.reset(seed=seed)
        assert re.fullmatch(MISSIONS[kind], info["mission"]), info["mission"]
        assert info["truth"]["size"] == ((15, 8) if kind == "open" else (8, 8))
        assert len(shown(info["truth"])) == NAMED.get(kind, 2) + 8
        assert named(info["mission"]) <= set(shown(info["truth"]))


@pytest.mark.parametrize("kind", FULL_HANDS)
def test_full_hands_can_be_emptied(kind: str) -> None:
    """By our own guide: BabyAI's bot takes for granted that hands are empty."""
    world = mixed(kinds=(kind,))
    for seed in range(15):
        world.reset(seed=seed)
        expert = expert_for(world)
        while world.status is EpisodeStatus.RUNNING:
            world.step(expert.advise().action)
        assert world.status is EpisodeStatus.SUCCESS, (seed, world.mission)


@pytest.mark.parametrize("kind", FULL_HANDS)
def test_a_swap_begins_with_full_hands(kind: str) -> None:
    world = mixed(kinds=(kind,))
    for seed in range(20):
        observation, info = world.reset(seed=seed)
        kind, colour = info["truth"]["carried"]
        assert "You carry" in observation
        assert f"{colour} {kind}" not in info["mission"]
        assert (colour, kind) not in HELD_OUT
        _, reward, *_ = world.step("pick up")
        assert reward == 0


def test_the_number_of_distractors_is_drawn() -> None:
    world = mixed(kinds=("goto",), fewest=2, distractors=5)
    counts = {len(shown(world.reset(seed=seed)[1]["truth"])) - 1 for seed in range(60)}
    assert counts == {2, 3, 4, 5}


def test_every_kind_is_drawn_and_nearly_as_often() -> None:
    world = mixed()
    drawn = Counter()
    for seed in range(500):
        world.reset(seed=seed)
        drawn[world.raw.kind] += 1
    assert set(drawn) == set(TRAINED_KINDS)
    assert min(drawn.values()) > 70


def test_both_ways_of_saying_things_occur() -> None:
    missions = " | ".join(mixed().reset(seed=seed)[1]["mission"] for seed in range(200))
    for words in (
        ", then go to",
        " after you pick up ",
        "open a door",
        "open the ",
        " a ",
        " the ",
    ):
        assert words in missions


def test_training_never_shows_what_is_held_out() -> None:
    for kind in (*TRAINED_KINDS, "two-pickups"):
        world = mixed(kinds=(kind,))
        for seed in range(60):
            _, info = world.reset(seed=seed)
            assert not {*shown(info["truth"]), *named(info["mission"])} & HELD_OUT


def test_held_out_missions_are_about_nothing_else() -> None:
    for kind in (*TRAINED_KINDS, "two-pickups"):
        world = mixed(kinds=(kind,), combinations="held-out")
        seen = set()
        for seed in range(60):
            _, info = world.reset(seed=seed)
            assert named(info["mission"]) <= HELD_OUT
            seen |= named(info["mission"])
        assert seen == {pair for pair in HELD_OUT if (pair[1] == "door") == (kind == "open")}


def test_pairs() -> None:
    assert set(pairs("held-out", ("ball", "box", "key", "door"))) == HELD_OUT
    assert set(pairs("train")) | set(pairs("held-out")) == set(pairs("all"))
    assert len(pairs("all")) == 18


def test_the_locked_room() -> None:
    world = mixed(kinds=("open",))
    for seed in range(60):
        _, info = world.reset(seed=seed)
        [door] = [thing for thing in info["truth"]["objects"] if thing["kind"] == "door"]
        assert door["state"] == "locked"
        assert door["colour"] in ("yellow", "green", "blue", "purple")
        assert info["truth"]["position"][0] < door["position"][0] == 7
        assert any(
            (thing["kind"], thing["colour"]) == ("key", door["colour"]) and thing["position"][0] < 7
            for thing in info["truth"]["objects"]
        )


@pytest.mark.parametrize("distractors", [*range(9), 12, 16])
def test_distractors(distractors: int) -> None:
    _, info = mixed(kinds=("goto",), distractors=distractors).reset(seed=3)
    assert len(shown(info["truth"])) == 1 + distractors


@pytest.mark.parametrize("kind", sorted(set(MISSIONS) - {*FULL_HANDS}))
@pytest.mark.parametrize("options", [{}, {"distractors": 0}, {"combinations": "held-out"}])
def test_every_mission_can_be_done(kind: str, options: dict[str, Any]) -> None:
    world = mixed(kinds=(kind,), **options)
    for seed in range(15):
        world.reset(seed=seed)
        bot, action = BabyAIBot(world.raw), None
        while world.status is EpisodeStatus.RUNNING:
            action = bot.replan(action)
            world.step(world.action_set.word(action))
        assert world.status is EpisodeStatus.SUCCESS, (seed, world.mission)


def test_the_seed_fixes_it_all_whatever_came_before() -> None:
    one, other = mixed(), mixed()
    for seed, before in pairwise([4, 9, 2, 11, 7, 4]):
        other.reset(seed=before)
        other.step("go forward")
        assert other.reset(seed=seed) == one.reset(seed=seed)
    assert one.reset() == other.reset()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": ("fetch",)}, "unknown kind of mission 'fetch'"),
        ({"kinds": ()}, "at least one, got \\(\\)"),
        ({"kinds": "goto"}, "at least one, got 'goto'"),
        ({"distractors": 17}, "0 to 16, got 17"),
        ({"fewest": 9}, "fewest must be 0 to 8 distractors, got 9"),
        ({"room_size": 7}, "8 to 25, got 7"),
        ({"combinations": "test"}, "unknown object combinations 'test'"),
    ],
)
def test_what_is_wrong_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mixed(**options)
