"""What a grid world says of its turns: outcome, touch, truth, options."""

from typing import Any

import pytest
from gymnasium.error import ResetNeeded
from minigrid.core.world_object import Ball, Box, Door, Key, Lava, Wall, WorldObj

import envs
from envs.grid_world import GridWorld
from envs.phrasing import TRAINING_WORDINGS
from envs.text_world import EpisodeStatus


def facing(thing: WorldObj | None, **options: Any) -> GridWorld:
    """A world in which the body, in the corner of an empty room, faces this thing."""
    world = envs.make("MiniGrid-Empty-8x8-v0", **options)
    assert isinstance(world, GridWorld)
    world.reset(seed=0)
    world.raw.grid.set(*world.raw.front_pos, thing)
    return world


class TestOutcome:
    def test_reaching_the_goal_is_success(self) -> None:
        world = envs.make("MiniGrid-Empty-5x5-v0")
        world.reset(seed=0)
        for word in ("forward", "forward", "right", "forward"):
            assert world.step(word)[-1]["status"] is EpisodeStatus.RUNNING
        _, reward, terminated, truncated, info = world.step("forward")
        assert 0 < reward < 1
        assert (terminated, truncated) == (True, False)
        assert info["status"] is EpisodeStatus.SUCCESS

    def test_lava_is_failure(self) -> None:
        _, reward, terminated, _, info = facing(Lava()).step("go forward")
        assert (reward, terminated, info["status"]) == (0, True, EpisodeStatus.FAILURE)

    def test_an_obstacle_is_failure(self) -> None:
        world = envs.make("MiniGrid-Dynamic-Obstacles-5x5-v0")
        world.reset(seed=0)
        world.step("left")
        _, reward, terminated, _, info = world.step("forward")  # into the wall
        assert (reward, terminated, info["status"]) == (-1, True, EpisodeStatus.FAILURE)

    def test_a_failed_mission_is_failure(self) -> None:
        world = envs.make("MiniGrid-GoToObject-6x6-N2-v0")
        world.reset(seed=0)
        _, reward, terminated, _, info = world.step("done")  # nowhere near the object
        assert (reward, terminated, info["status"]) == (0, True, EpisodeStatus.FAILURE)

    @pytest.mark.parametrize(
        ("reward", "status"), [(0.5, EpisodeStatus.SUCCESS), (0.0, EpisodeStatus.FAILURE)]
    )
    def test_termination_decides_over_truncation(
        self, reward: float, status: EpisodeStatus, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = facing(None, turn_limit=1)
        seen = world.raw.gen_obs()
        monkeypatch.setattr(world.raw, "step", lambda action: (seen, reward, True, True, {}))
        _, _, terminated, truncated, info = world.step("forward")
        assert (terminated, truncated, info["status"]) == (True, False, status)

    def test_an_ended_episode_cannot_go_on(self) -> None:
        world = facing(Lava())
        world.step("forward")
        with pytest.raises(ResetNeeded, match="ended in failure"):
            world.step("forward")
        world.reset()
        world.step("left")

    def test_no_step_before_a_reset(self) -> None:
        with pytest.raises(ResetNeeded, match="no episode has begun"):
            envs.make("goto-small").step("left")

    def test_a_longer_turn_limit_is_kept(self) -> None:
        world = envs.make("MiniGrid-Empty-5x5-v0", turn_limit=150)  # the level's own is 100
        world.reset(seed=0)
        for turn in range(1, 150):
            assert not world.step("left")[3], turn
        assert world.step("left")[3]


class TestTouch:
    @pytest.mark.parametrize(
        ("thing", "word", "sentence"),
        [
            (None, "turn left", "You turned left."),
            (None, "turn right", "You turned right."),
            (None, "go forward", "You went forward."),
            (Wall(), "go forward", "You went forward, but bumped into a wall."),
            (Door("green"), "go forward", "You went forward, but bumped into a closed green door."),
            (Door("red", is_open=True), "go forward", "You went forward."),
            (Ball("blue"), "pick up", "You picked it up."),
            (None, "pick up", "You picked up nothing."),
            (Wall(), "pick up", "You picked up nothing."),
            (None, "drop", "You dropped nothing."),
            (Door("green"), "toggle", "You toggled it."),
            (Door("green", is_locked=True), "toggle", "You toggled, but nothing changed."),
            (Box("green"), "toggle", "You toggled it."),
            (Box("green", contains=Key("red")), "toggle", "You toggled it."),
            (None, "toggle", "You toggled, but nothing changed."),
            (None, "done", "You said you are done."),
            (None, "", "You named no action; nothing moved."),
            (None, "fly", "That was no action you can take; nothing moved."),
        ],
    )
    def test_the_sentence_of_motion(self, thing: WorldObj | None, word: str, sentence: str) -> None:
        observation, *_ = facing(thing).step(word)
        assert f" {sentence} " in observation

    def test_carrying_and_dropping(self) -> None:
        world = facing(Ball("blue"))
        observation, *_, info = world.step("pick up")
        assert "You carry a blue ball." in observation
        assert info["truth"]["carried"] == ("ball", "blue")
        assert not [thing for thing in info["truth"]["objects"] if thing["kind"] == "ball"]
        observation, *_, info = world.step("drop")
        assert observation.startswith("You see a blue ball 1 ahead")
        assert "You dropped it." in observation
        assert info["truth"]["carried"] is None

    def test_nothing_is_told_of_an_action_before_the_first(self) -> None:
        world = facing(None)
        observation, _ = world.reset(seed=0)
        assert (
            observation == "You see nothing. Wall 6 ahead, 1 left. You face east. 256 turns left."
        )


class TestTruth:
    def test_it_grows_with_what_is_seen(self) -> None:
        world = envs.make("MiniGrid-FourRooms-v0")
        _, info = world.reset(seed=1)
        goal = [thing["seen"] for thing in info["truth"]["objects"] if thing["kind"] == "goal"]
        assert goal == [False]
        first = info["truth"]["seen"]
        *_, info = world.step("turn left")
        assert info["truth"]["seen"][: len(first)] == first
        assert len(info["truth"]["seen"]) > len(first)

    def test_an_object_once_seen_stays_so(self) -> None:
        world = facing(Ball("blue"))
        for word in ("go forward", "turn right", "turn right"):
            *_, info = world.step(word)
        assert not world.senses.sightings
        assert [thing["kind"] for thing in info["truth"]["objects"] if thing["seen"]] == ["ball"]

    def test_what_is_carried_from_the_start_is_not_on_the_floor(self) -> None:
        world = envs.make("BabyAI-PutNextS5N2Carrying-v0")
        for seed in range(5):
            observation, info = world.reset(seed=seed)
            assert info["truth"]["carried"] is not None
            assert "You carry" in observation
            assert len(world.senses.sightings) == sum(t["seen"] for t in info["truth"]["objects"])


DRAWN = {"phrasing": "drawn", "nouns": "drawn", "vocabulary": "drawn"}


class TestOptions:
    def test_drawn_words_come_from_the_seed(self) -> None:
        world = envs.make("goto-small", **DRAWN)
        drawn = []
        for seed in range(60):
            observation, _ = world.reset(seed=seed)
            drawn.append((observation, world.wording, world.mission, world.action_words))
        wordings = [wording for _, wording, _, _ in drawn]
        assert set(TRAINING_WORDINGS.values()) < set(wordings)
        assert len(set(wordings)) > 15
        for seed in reversed(range(60)):
            observation, _ = world.reset(seed=seed)
            assert (observation, world.wording, world.mission, world.action_words) == drawn[seed]

    def test_drawn_words_change_nothing_else(self) -> None:
        drawn, plain = envs.make("mixed", **DRAWN), envs.make("mixed")
        for seed in range(20):
            drawn.reset(seed=seed)
            plain.reset(seed=seed)
            told = drawn.wording.write(drawn.senses, plain.raw.gen_obs()["image"])
            assert drawn.wording.parse(told) == plain.senses
            assert drawn.nouns.restore(drawn.mission) == plain.mission
            assert drawn.action_set.actions == plain.action_set.actions

    def test_invented_nouns(self) -> None:
        world = facing(Ball("blue"), nouns="invented")
        observation, *_ = world.step("go forward")
        assert observation.startswith("You see a blue dax 1 ahead")
        assert "bumped into a blue dax" in observation
        mission = envs.make("mixed-putnext", nouns="invented").reset(seed=0)[1]["mission"]
        assert not {"ball", "box", "key", "door"} & set(mission.split())

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"phrasing": "sentence"}, "did you mean 'sentences'"),
            ({"vocabulary": "plian"}, "did you mean 'plain'"),
            ({"nouns": "invent"}, "did you mean 'invented'"),
            ({"actions": ["fly"]}, "unknown action 'fly'"),
            ({"turn_limit": 0}, "at least 1, got 0"),
            ({"render_mode": "human"}, "unknown render mode 'human'"),
            ({"distractors": 3}, "does not take these options.*distractors"),
            ({"agent_view_size": 5}, "no MiniGrid level with a view of 7"),
        ],
    )
    def test_what_is_wrong_is_said(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            envs.make("BabyAI-GoToLocal-v0", **options)

    def test_options_of_the_level_are_passed_on(self) -> None:
        world = envs.make("BabyAI-GoToLocal-v0", room_size=5, num_dists=1)
        _, info = world.reset(seed=0)
        assert info["truth"]["size"] == (5, 5)
        assert len(info["truth"]["objects"]) == 1

    def test_reset_takes_no_options(self) -> None:
        world = envs.make("goto-small")
        with pytest.raises(ValueError, match="give them to make: phrasing"):
            world.reset(options={"phrasing": "map"})


class TestFallback:
    def test_it_is_taken_for_what_cannot_be_read(self) -> None:
        world = envs.make("goto-small", fallback="go forward")
        other = envs.make("goto-small")
        world.reset(seed=3)
        other.reset(seed=3)
        told = world.step("nonsense")
        assert told[0] == other.step("go forward")[0]
        assert told[4]["truth"] == other._info(readable=True)["truth"]
        assert not told[4]["readable"]

    def test_it_has_to_be_an_action_of_the_world(self) -> None:
        with pytest.raises(ValueError, match="did you mean 'go forward'"):
            envs.make("goto-small", fallback="go forwards")


def test_a_map_has_no_words_to_mirror() -> None:
    with pytest.raises(ValueError, match="mirrored"):
        envs.make("goto-small", nouns="mirrored", phrasing="map")
