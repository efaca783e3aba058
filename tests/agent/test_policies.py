"""Policies without a language model: the ends of the scale."""

from functools import partial

import pytest

import envs
from agent.loading import load
from agent.policies import ExpertPolicy, RandomPolicy, ReactivePolicy
from agent.replies import ReplyMode
from agent.rollout import play
from agent.types import ReplyStatus, Start
from tests.support.corridor import Corridor

STARTS = [(Start("goto-small", seed), 0) for seed in range(40)]


def test_the_scale_has_an_order() -> None:
    random, reactive, expert = (
        sum(episode.success for episode in play(policy, STARTS))
        for policy in (RandomPolicy(), ReactivePolicy(), ExpertPolicy())
    )
    assert random < 20 < reactive <= expert == 40


def test_every_scripted_reply_can_be_read() -> None:
    for policy in (
        RandomPolicy(),
        ReactivePolicy(),
        ExpertPolicy(),
        ExpertPolicy(ReplyMode.FILLER),
    ):
        for episode in play(policy, STARTS[:5]):
            assert {turn.status for turn in episode.turns} == {ReplyStatus.OK}


def test_the_rule_speaks_the_words_of_its_world() -> None:
    renamed = partial(envs.make, vocabulary="rotate")
    for episode in play(ReactivePolicy(), STARTS[:5], make=renamed):
        assert {turn.status for turn in episode.turns} == {ReplyStatus.OK}


def test_random_actions_are_uniform() -> None:
    starts = [(Start("corridor", 2), member) for member in range(400)]
    actions = [
        turn.action
        for episode in play(RandomPolicy(), starts, make=Corridor)
        for turn in episode.turns
    ]
    assert actions.count("left") / len(actions) == pytest.approx(0.5, abs=0.05)


def test_names_load_and_near_misses_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.hub.answers", lambda: False)
    assert load("expert").name == "expert"
    with pytest.raises(ValueError, match="Did you mean 'smollm2'"):
        load("smolm2")
    with pytest.raises(ValueError, match="Did you mean 'expert'"):
        load("exprt")


@pytest.mark.parametrize("policy", [ReactivePolicy(), ExpertPolicy()])
def test_bodies_are_asked_for_where_a_world_has_none(policy: ReactivePolicy) -> None:
    with pytest.raises(ValueError, match="plays grid worlds, and corridor is none"):
        play(policy, [(Start("corridor", 0), 0)], make=Corridor)
