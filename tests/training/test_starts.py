"""Which missions are drawn for training."""

from dataclasses import replace

import pytest

from agent.policies import ReactivePolicy
from agent.rollout import play
from envs.tasks import Split, seeds
from training.presets import preset
from training.starts import GRPO, draw_starts, training_world


def failed(starts) -> list[bool]:
    """Whether the rule without memory fails each."""
    return [not one.success for one in play(ReactivePolicy(), [(start, 0) for start in starts])]


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_step_draws_the_same_again_and_no_other_step_does(share: float) -> None:
    config = replace(preset("tiny"), hard_share=share)
    drawn = draw_starts(config, GRPO, 3, 8)
    assert drawn == draw_starts(config, GRPO, 3, 8)
    assert not set(drawn) & set(draw_starts(config, GRPO, 4, 8))
    assert all(one.seed in seeds(Split.TRAIN, 1 << 30) for one in drawn)


@pytest.mark.parametrize(("share", "hard"), [(0.25, 2), (0.5, 4), (1.0, 8)])
def test_the_share_of_hard_missions(share: float, hard: int) -> None:
    starts = draw_starts(replace(preset("tiny"), hard_share=share), GRPO, 0, 8)
    assert len(starts) == len(set(starts)) == 8
    assert failed(starts) == [True] * hard + [False] * (8 - hard)


def test_where_none_is_hard_all_are_easy() -> None:
    config = replace(preset("tiny"), hard_share=0.5, task="BabyAI-GoToObjS6-v1")
    starts = draw_starts(config, GRPO, 0, 2)
    assert failed(starts) == [False, False]


def test_episodes_of_grpo_can_be_cut_short() -> None:
    config = replace(preset("tiny"), task="mixed")
    for most, limit in ((0, 64), (12, 12), (500, 64)):
        world = training_world(config, most)("mixed-goto")
        world.reset(seed=0)
        assert world.turn_limit == limit


def test_demonstrations_can_be_told_in_words_that_the_run_does_not_use() -> None:
    config = replace(preset("tiny"), task="mixed", nouns="plain")
    told = set()
    for drawn in (False, True):
        world = training_world(config, drawn=drawn)("mixed-goto")
        for seed in range(6):
            _, info = world.reset(seed=seed)
            told.add((drawn, info["actions"]))
    assert len({actions for drawn, actions in told if not drawn}) == 1
    assert len({actions for drawn, actions in told if drawn}) > 3
