"""Tasks, seeds, and what training must not see."""

from hashlib import sha256
from itertools import combinations

import gymnasium
import pytest
from minigrid.envs import EmptyEnv

import envs
from envs.held_out import HELD_OUT, PATH
from envs.phrasing import PHRASINGS, TRAINING_WORDINGS
from envs.tasks import SEEDS_PER_SPLIT, SIX, TASKS, Split, refuse_held_out, seeds, task

HELD_OUT_HASH = "907f1066441e37be4e9b3406271631e40d2120d1f9a5580a940375e9ee796c7f"


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_task_can_be_played(name: str) -> None:
    world = envs.make(name)
    observation, info = world.reset(seed=0)
    assert observation
    assert info["mission"]
    assert world.metadata["can_succeed"]
    assert set(info["actions"]) <= {*SIX, "done"}
    assert TASKS[name].name == name


def test_options_given_come_before_the_tasks_own() -> None:
    assert envs.make("goto-small").turn_limit == TASKS["goto-small"].options["turn_limit"]
    assert envs.make("goto-small", turn_limit=9).turn_limit == 9


def test_a_worlds_id_is_a_task_too() -> None:
    for name in ("BabyAI-GoToLocal-v0", "text/BabyAI-GoToLocal-v0"):
        assert task(name).world_id == "BabyAI-GoToLocal-v0"
        assert envs.make(name).name == "BabyAI-GoToLocal-v0"


@pytest.mark.parametrize("door", [task, envs.make])
@pytest.mark.parametrize(
    ("name", "near"),
    [("goto-smal", "goto-small"), ("text/BabyAI-GoToLocl-v0", "BabyAI-GoToLocal-v0")],
)
def test_unknown_names_get_a_suggestion(door: object, name: str, near: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean '{near}'"):
        door(name)  # type: ignore[operator]


def test_a_world_without_success_is_no_task() -> None:
    assert envs.make("MiniGrid-Playground-v0").reset(seed=0)
    with pytest.raises(ValueError, match="nothing in it can succeed"):
        task("MiniGrid-Playground-v0")


def test_a_level_of_ones_own_becomes_a_world() -> None:
    gymnasium.register("Own-Empty-v0", entry_point=EmptyEnv, kwargs={"size": 6})
    try:
        _, info = envs.make("Own-Empty-v0").reset(seed=0)
        assert info["truth"]["size"] == (6, 6)
        assert gymnasium.make(envs.register("Own-Empty-v0")).reset(seed=0)
    finally:
        del gymnasium.registry["Own-Empty-v0"], gymnasium.registry["text/Own-Empty-v0"]


def test_what_is_no_grid_is_no_world() -> None:
    with pytest.raises(ValueError, match="is no MiniGrid level"):
        envs.make("CartPole-v1")


class TestSeeds:
    def test_splits_share_no_seed(self) -> None:
        every = {split: seeds(split, SEEDS_PER_SPLIT) for split in Split}
        for one, other in combinations(every.values(), 2):
            assert one.stop <= other.start or other.stop <= one.start

    def test_a_later_stretch(self) -> None:
        assert seeds("test", 3, first=5) == seeds("test", 8)[5:]

    @pytest.mark.parametrize(
        ("count", "first"), [(-1, 0), (1, -1), (2**30 + 1, 0), (1, 2**30), (2, 2**30 - 1)]
    )
    def test_out_of_range(self, count: int, first: int) -> None:
        with pytest.raises(ValueError, match="a split has 1073741824 seeds"):
            seeds("train", count, first)

    def test_an_unknown_split(self) -> None:
        with pytest.raises(ValueError, match="did you mean 'validation'"):
            seeds("valid", 1)


class TestHeldOut:
    def test_the_file_is_what_it_was(self) -> None:
        """A changed hash means that earlier results no longer measure generalisation."""
        assert sha256(PATH.read_bytes()).hexdigest() == HELD_OUT_HASH

    @pytest.mark.parametrize(
        ("name", "options"),
        [
            *[("goto-small", {"phrasing": name}) for name in HELD_OUT.phrasings],
            *[("goto-small", {"vocabulary": name}) for name in HELD_OUT.vocabularies],
            *[("goto-small", {"nouns": name}) for name in HELD_OUT.nouns],
            ("mixed", {"combinations": "held-out"}),
            ("mixed", {"combinations": "all"}),
            ("mixed", {"kinds": ("goto", "two-pickups")}),
            ("mixed-held-out", {}),
            ("mixed-two-pickups", {}),
            ("Grounded-Mixed-v0", {"combinations": "held-out"}),
            ("text/Grounded-Mixed-v0", {"kinds": ["two-pickups"]}),
        ],
    )
    def test_training_is_refused(self, name: str, options: dict[str, object]) -> None:
        assert envs.make(name, **options).reset(seed=0), "what training may not see can be measured"
        with pytest.raises(ValueError, match="for testing only"):
            refuse_held_out(name, options)

    @pytest.mark.parametrize("name", sorted(set(TASKS) - {"mixed-held-out", "mixed-two-pickups"}))
    def test_all_else_may_be_trained_on(self, name: str) -> None:
        for phrasing in ("drawn", "map", *TRAINING_WORDINGS):
            refuse_held_out(name, {"phrasing": phrasing})

    def test_some_phrasings_are_held_out_and_some_are_not(self) -> None:
        assert set(HELD_OUT.phrasings) < set(PHRASINGS)
        assert not set(HELD_OUT.phrasings) & {*TRAINING_WORDINGS, "map"}
