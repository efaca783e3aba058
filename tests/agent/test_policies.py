"""Policies without a language model: the ends of the scale."""

from functools import partial
from itertools import pairwise

import pytest

import envs
from agent.loading import load
from agent.policies import SLIPS, ExpertPolicy, RandomPolicy, ReactivePolicy
from agent.replies import ReplyMode, parse, render
from agent.rollout import play
from agent.types import ReplyStatus, Start
from envs.expert import Expert
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


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("mode", ReplyMode)
def test_no_slip_can_be_read(slip: str, mode: ReplyMode) -> None:
    thought, action = "The ball is ahead.", "go forward"
    told = render(thought, action, mode), render("", action, ReplyMode.ANSWER)
    text = slip.format(reply=told[0], answer=told[1], thought=thought, action=action)
    assert parse(text, [action], mode).status is not ReplyStatus.OK


def test_an_expert_that_slips_goes_on() -> None:
    patient = partial(envs.make, turn_limit=60)
    flawless = play(ExpertPolicy(), STARTS, make=patient)
    slipping = play(ExpertPolicy(slips=0.3), STARTS, make=patient)
    assert all(episode.success for episode in slipping)
    turns = [turn for episode in slipping for turn in episode.turns]
    slips = [turn for turn in turns if turn.status is not ReplyStatus.OK]
    assert len(slips) / len(turns) == pytest.approx(0.3, abs=0.08)
    assert len({turn.status for turn in slips}) > 5
    for one, other in zip(flawless, slipping, strict=True):  # what is done is the same
        assert [t.action for t in one.turns] == [t.action for t in other.turns if t.action]
    assert play(ExpertPolicy(slips=0.3), STARTS, make=patient) == slipping


def test_an_expert_whose_hands_do_wrong_sets_it_right() -> None:
    starts = [(Start("mixed", seed), 0) for seed in envs.seeds("train", 60)]
    played = play(ExpertPolicy(misdeeds=0.5), starts)
    assert all(episode.success for episode in played)
    taken = let_go = 0
    for episode in played:
        for turn, following in pairwise(episode.turns):
            if not turn.slip:
                continue
            assert turn.status is ReplyStatus.OK
            assert turn.thought.endswith(("so I pick it up.", "so I drop it here.")) or (
                "so I pick it up to" in turn.thought
            )
            if turn.action == "drop":
                let_go += 1
                assert "You dropped it" in following.observation
            else:
                taken += 1
                assert turn.action == "pick up" and "You picked it up" in following.observation
                assert following.thought.startswith(("I carry the ", "I have picked up the "))
    assert taken > 10 and let_go > 10
    assert not any(turn.slip for one in play(ExpertPolicy(), starts) for turn in one.turns)


def test_an_expert_with_a_habit_says_what_it_does_and_goes_on() -> None:
    patient = partial(envs.make, turn_limit=100)
    played = play(ExpertPolicy(habit=0.6), STARTS, make=patient)
    assert all(episode.success for episode in played)
    repeats, chances = 0, 0
    for episode in played:
        world = patient(episode.start.task)
        world.reset(seed=episode.start.seed)
        expert, last = Expert(world), None
        for turn in episode.turns:
            assert not turn.slip and turn.thought.endswith(f"so I {turn.action}.")
            right = expert.advise().action
            assert turn.action in (right, last)
            if last not in (None, right):
                chances += 1
                repeats += turn.action == last
            world.step(turn.action)
            last = turn.action
    assert chances > 100
    assert repeats / chances == pytest.approx(0.6, abs=0.1)
    assert play(ExpertPolicy(habit=0.6), STARTS, make=patient) == played


def test_an_expert_tells_the_number_of_its_action_where_actions_are_numbered() -> None:
    make = partial(envs.make, vocabulary="rotate")
    told, plain = (
        play(ExpertPolicy(numbered=numbered), STARTS[:5], make=make) for numbered in (True, False)
    )
    for one, other in zip(told, plain, strict=True):
        world = make(one.start.task)
        _, info = world.reset(seed=one.start.seed)
        for turn, same in zip(one.turns, other.turns, strict=True):
            number = info["actions"].index(turn.action) + 1
            assert turn.thought == f"{same.thought} {number}"


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


def test_nothing_is_timed_for_a_policy_without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.loading.fastest_precision", lambda device: pytest.fail("timed"))
    assert load("expert", precision="auto").name == "expert"
