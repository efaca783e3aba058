"""reasoning-gym's tasks as worlds, with the real package."""

import random

import pytest
from gymnasium.utils.env_checker import check_env

import envs
from agent.policies import RandomPolicy
from agent.rollout import play
from agent.types import Start
from envs.questions.reasoning_gym_world import ReasoningGymWorld, _library, names
from envs.text_world import EpisodeStatus


@pytest.mark.parametrize("name", ["leg_counting", "syllogism", "spell_backward", "countdown"])
def test_its_own_answer_is_right_and_another_wrong(name: str) -> None:
    world = envs.make(f"reasoning-gym/{name}")
    for seed in envs.seeds("test", 5):
        asked, info = world.reset(seed=seed)
        entry = _library().create_dataset(name, size=1, seed=seed)[0]
        assert (asked, info["truth"]["answer"]) == (entry["question"], entry["answer"])
        assert world.step(info["truth"]["answer"])[1] == 1.0
        world.reset(seed=seed)
        told, reward, terminated, _, info = world.step("neither here nor there")
        assert (reward, terminated) == (0.0, True)
        assert info["status"] is EpisodeStatus.FAILURE
        assert told.startswith("Wrong")


def test_part_of_the_marks_is_nothing() -> None:
    world = ReasoningGymWorld("leg_counting")
    world.reset(seed=3)
    right = world.solution
    partly = f"It must be {right}, I think."
    assert 0 < world._items.score_answer(partly, world._entry) < 1
    assert world.step(partly)[1] == 0.0


def test_neighbouring_seeds_share_no_question() -> None:
    world = ReasoningGymWorld("basic_arithmetic")
    asked = [world.reset(seed=seed)[0] for seed in envs.seeds("validation", 50)]
    assert len(set(asked)) > 45  # a data set of fifty, drawn anew from the next seed, shares 49


def test_it_is_a_world() -> None:
    check_env(ReasoningGymWorld("coin_flip"), skip_render_check=True)
    assert not envs.tasks.is_grid("reasoning-gym/coin_flip")
    first, again = ReasoningGymWorld("coin_flip"), ReasoningGymWorld("coin_flip")
    assert first.reset(seed=4) == again.reset(seed=4)
    assert "composite" not in names()


def test_a_guess_is_an_answer_to_another_question() -> None:
    starts = [(Start("reasoning-gym/syllogism", seed), 0) for seed in range(200)]
    won = sum(one.success for one in play(RandomPolicy(), starts))
    assert 60 <= won <= 140  # yes or no


def test_what_is_wrong_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="did you mean 'leg_counting'"):
        envs.task("reasoning-gym/leg_countin")
    with pytest.raises(ValueError, match=r"draws no question: .*min_animals"):
        envs.make("reasoning-gym/leg_counting", min_animals=0)
    with pytest.raises(ValueError, match="unexpected keyword argument 'legs'"):
        envs.make("reasoning-gym/leg_counting", legs=2)
    monkeypatch.setitem(__import__("sys").modules, "reasoning_gym", None)
    with pytest.raises(ValueError, match="pip install reasoning-gym"):
        envs.task("reasoning-gym/leg_counting")


def test_each_draw_leaves_other_randomness_alone() -> None:
    random.seed(5)
    expected = random.random()
    random.seed(5)
    ReasoningGymWorld("leg_counting").reset(seed=9)
    assert random.random() == expected
