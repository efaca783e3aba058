"""The contract of a text world, line by line, over every registered world."""

import copy
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

import envs
from envs.actions import VOCABULARIES, Action
from envs.grid_world import GridWorld
from envs.phrasing import PHRASINGS
from envs.registration import stock_ids
from envs.text_world import EpisodeStatus

WORLDS = envs.worlds()
SEED = 7


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[GridWorld]:
    """One instance a world; every test resets it, most often in mid-episode."""
    world = envs.make(request.param)
    assert isinstance(world, GridWorld)
    yield world
    world.close()


def some_words(world: GridWorld) -> list[str]:
    """A few readable actions that end no episode at once in most worlds."""
    return [world.action_set.word(action) for action in (Action.LEFT, Action.RIGHT, Action.FORWARD)]


def play(world: GridWorld, seed: int = SEED) -> list[Any]:
    """Everything a world gives in the first turns of an episode, an unreadable one among them."""
    given: list[Any] = [world.reset(seed=seed)]
    for reply in ["", *some_words(world)]:
        if world.status is EpisodeStatus.RUNNING:
            given.append(world.step(reply))
    return given


def plain(data: Any) -> bool:
    """Whether this is made of numbers, strings, None, tuples and dicts, and of nothing else."""
    if isinstance(data, dict):
        return type(data) is dict and all(plain(k) and plain(v) for k, v in data.items())
    if isinstance(data, tuple):
        return type(data) is tuple and all(map(plain, data))
    return data is None or type(data) in (bool, int, float, str, EpisodeStatus)


class TestEveryWorld:
    def test_is_registered(self, world: GridWorld) -> None:
        assert f"text/{world.name}" in gymnasium.registry

    def test_an_unreadable_reply_costs_a_turn_and_never_reaches_the_level(
        self, world: GridWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, before = world.reset(seed=SEED)
        monkeypatch.setattr(world.raw, "step", lambda action: pytest.fail("the level was stepped"))
        for turn, (reply, reason) in enumerate([("", "no_action"), ("fly", "unknown_action")], 1):
            observation, reward, terminated, _, info = world.step(reply)
            assert getattr(PHRASINGS["sentences"], reason) in observation
            assert (reward, terminated, info["readable"]) == (0, False, False)
            assert (info["turn"], info["turns_left"]) == (turn, world.turn_limit - turn)
            assert info["truth"] == before["truth"]

    def test_the_turn_limit_is_the_levels_own_or_an_option(self, world: GridWorld) -> None:
        world.reset(seed=SEED)
        assert world.turn_limit == world.raw.max_steps > 0
        short = envs.make(world.name, turn_limit=2)
        short.reset(seed=SEED)
        short.step("")
        _, _, terminated, truncated, info = short.step("")
        assert (terminated, truncated) == (False, True)
        assert (info["status"], info["turns_left"]) == (EpisodeStatus.TRUNCATED, 0)

    def test_accepts_exactly_the_words_it_lists(self, world: GridWorld) -> None:
        _, info = world.reset(seed=SEED)
        assert info["actions"] == world.action_words
        for words in VOCABULARIES.values():
            for word in words:
                assert world.can_read(word) == (word in world.action_words)
        count = int(world.raw.action_space.n)
        assert world.action_set.actions == tuple(Action)[:count]

    def test_a_held_out_vocabulary_makes_trained_words_unreadable(self, world: GridWorld) -> None:
        other = envs.make(world.name, vocabulary="rotate")
        assert not set(other.action_words) & set(VOCABULARIES["plain"])
        assert len(other.action_words) == len(world.action_set.actions)
        other.reset(seed=SEED)
        assert not other.step("turn left")[-1]["readable"]
        assert other.step("rotate left")[-1]["readable"]

    def test_every_phrasing_reads_back_what_is_sensed(self, world: GridWorld) -> None:
        world.reset(seed=SEED)
        for word in ["", *some_words(world)]:
            if world.status is EpisodeStatus.RUNNING:
                world.step(word)
            view = world.raw.gen_obs()["image"]
            for phrasing in PHRASINGS.values():
                assert phrasing.parse(phrasing.write(world.senses, view)) == world.senses
            shown = PHRASINGS["map"].view(PHRASINGS["map"].write(world.senses, view))
            assert (shown == view).all()

    def test_the_truth_is_plain_and_true(self, world: GridWorld) -> None:
        for _, *_, info in play(world):
            assert plain(info)
        truth = info["truth"]
        assert truth["position"] == tuple(world.raw.agent_pos)
        assert truth["mission"] == world.raw.mission == world.mission
        assert set(truth["seen"]) <= {
            (x, y) for x in range(world.raw.width) for y in range(world.raw.height)
        }
        for thing in truth["objects"]:
            there = world.raw.grid.get(*thing["position"])
            assert (thing["kind"], thing["colour"]) == (there.type, there.color)
            assert thing["seen"] <= (thing["position"] in truth["seen"])

    def test_the_seed_fixes_everything(self, world: GridWorld) -> None:
        first = play(world)
        assert play(world) == first, "a reset in mid-episode gives another episode"
        assert play(envs.make(world.name)) == first, "another instance gives another episode"

    def test_a_copy_goes_on_alone(self, world: GridWorld) -> None:
        _, before = world.reset(seed=SEED)
        twin = copy.deepcopy(world)
        word = some_words(world)[0]
        turned = twin.step(word)
        assert world.turn == 0
        assert world._witness.truth() == before["truth"]
        assert world.step(word) == turned

    def test_its_spaces_take_any_text(self, world: GridWorld) -> None:
        observation, _ = world.reset(seed=SEED)
        assert observation in world.observation_space
        assert "" in world.action_space
        assert "Ünïcode\n\N{SNOWMAN}" in world.action_space

    def test_it_is_quiet(self, world: GridWorld, capfd: pytest.CaptureFixture[str]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for seed in range(3):
                play(world, seed)
        assert capfd.readouterr() == ("", "")

    def test_gymnasiums_own_check(self, world: GridWorld) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            checked = gymnasium.make(gymnasium.spec(f"text/{world.name}"))
            check_env(checked.unwrapped, skip_render_check=True)


class TestWhichWorlds:
    def test_every_stock_level_is_a_world_or_says_why_not(self) -> None:
        assert {*WORLDS, *envs.unavailable()} == {f"text/{name}" for name in stock_ids()}
        assert len(WORLDS) > 170

    def test_what_cannot_be_reset_is_a_clear_error(self) -> None:
        assert envs.unavailable(), "no WFC level fails any more: is this test still needed?"
        for name, reason in envs.unavailable().items():
            assert "WFC" in name
            with pytest.raises(ValueError, match="cannot be played here") as caught:
                gymnasium.make(name)
            assert reason in str(caught.value)

    def test_a_world_without_success_says_so(self) -> None:
        hopeless = [name for name in WORLDS if not envs.make(name).metadata["can_succeed"]]
        assert hopeless == ["text/MiniGrid-Playground-v0"]

    def test_rendering_gives_a_picture(self) -> None:
        world = gymnasium.make("text/MiniGrid-Empty-5x5-v0", render_mode="rgb_array")
        check_env(world.unwrapped)
        world.reset(seed=SEED)
        picture = world.render()
        assert picture.ndim == 3


def digest(name: str) -> str:
    """A fingerprint of an episode's beginning."""
    return sha256(repr(play(envs.make(name))).encode()).hexdigest()  # type: ignore[arg-type]


IN_ANOTHER_PROCESS = """
import json, sys
import envs
sys.path.insert(0, {here!r})
assert "torch" not in sys.modules, "importing envs imports torch"
import pygame
assert not pygame.display.get_init(), "importing envs opens a display"
from test_contract import WORLDS, digest
print(json.dumps({{name: digest(name) for name in WORLDS}}))
"""


def test_another_process_plays_the_same_episodes() -> None:
    here = Path(__file__).parent
    script = IN_ANOTHER_PROCESS.format(here=str(here))
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=here.parent.parent,
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == {name: digest(name) for name in WORLDS}
