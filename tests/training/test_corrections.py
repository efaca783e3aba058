"""What a mind plays, with an expert's replies."""

from dataclasses import replace

import pytest

import envs
from agent.language_policy import DictatedPolicy, Sampling
from agent.models import load_model
from agent.policies import ExpertPolicy
from agent.replies import parse
from agent.rollout import play
from agent.types import Episode, Start
from envs.grid_world import GridWorld
from envs.tasks import seeds
from training.config import ColdStartConfig, TrainConfig
from training.corrections import correct

SAMPLING = Sampling(history=0, memory=False, note=True, numbered=True, max_reply_tokens=160)
TASK = "mixed-sequence"
MIND = load_model("nano")


def world() -> GridWorld:
    made = envs.make(TASK)
    assert isinstance(made, GridWorld)
    return made


def shown(count: int, habit: float = 0.0) -> tuple[DictatedPolicy, list[Episode]]:
    """Episodes of an expert, as a mind reads them."""
    expert = ExpertPolicy(habit=habit, numbered=True)
    policy = DictatedPolicy(MIND, expert, SAMPLING)
    starts = [(Start(TASK, seed), 0) for seed in seeds("train", count)]
    return policy, play(policy, starts)


def corrected(policy: DictatedPolicy, episode: Episode) -> Episode:
    return correct(episode, world(), policy.frame, policy.mode, SAMPLING)


def test_an_expert_has_nothing_to_correct_in_its_own_play() -> None:
    policy, episodes = shown(12)
    for one in episodes:
        fixed = corrected(policy, one)
        assert [turn.reply_ids for turn in fixed.turns] == [turn.reply_ids for turn in one.turns]
        assert [turn.prompt_ids for turn in fixed.turns] == [turn.prompt_ids for turn in one.turns]
        assert not any(turn.slip for turn in fixed.turns)


def test_a_move_out_of_habit_is_corrected_where_it_was_made() -> None:
    policy, episodes = shown(12, habit=0.4)
    strayed = 0
    for one in episodes:
        for turn, fixed in zip(one.turns, corrected(policy, one).turns, strict=True):
            assert turn.prompt_ids == fixed.prompt_ids
            if turn.reply_ids != fixed.reply_ids:
                strayed += 1
                text = MIND.tokenizer.decode(fixed.reply_ids)
                said = parse(text, lambda _: True, policy.mode)
                assert said.action != turn.action
                assert said.thought.split(", so I ")[0] == turn.thought.split(", so I ")[0]
    assert strayed > 20


def test_a_deed_that_the_note_has_lost_is_not_to_be_told() -> None:
    policy, episodes = shown(12)
    seen = 0
    for one in episodes:
        told = [turn.thought.startswith("I have ") for turn in one.turns]
        if not any(told):
            continue
        first = told.index(True)
        forgetful = [
            replace(turn, thought=turn.thought.partition(". ")[2]) if tells else turn
            for turn, tells in zip(one.turns, told, strict=True)
        ]
        fixed = corrected(policy, replace(one, turns=tuple(forgetful))).turns
        assert not any(turn.slip for turn in fixed[: first + 1])  # just done, it can be known
        assert all(turn.slip for turn in fixed[first + 1 :])
        seen += len(fixed) - first - 1
    assert seen > 20


def test_corrections_need_turns_that_are_rows_of_their_own() -> None:
    cold = ColdStartConfig(corrections=4)
    TrainConfig(cold=cold, sampling=Sampling(history=0))
    with pytest.raises(ValueError, match=r"cold\.corrections needs sampling\.history 0"):
        TrainConfig(cold=cold, sampling=Sampling(history=2))
