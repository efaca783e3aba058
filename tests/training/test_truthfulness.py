"""Whether thoughts are true: the expert's are, and a lie is found."""

from dataclasses import replace

import envs
from agent.policies import ExpertPolicy, RandomPolicy
from agent.rollout import play
from agent.types import Start
from tests.support.corridor import Corridor
from training.truthfulness import Truthfulness, truthfulness

STARTS = [(Start("goto-small", seed), 0) for seed in range(12)]


def test_an_expert_tells_the_truth_even_after_slips() -> None:
    told = truthfulness(play(ExpertPolicy(slips=0.2), STARTS), envs.make)
    assert told.share == 1.0
    assert told.claims > 20


def test_a_lie_is_found() -> None:
    [honest] = play(ExpertPolicy(), [(Start("goto-small", 3), 0)])  # to the red box, three turns
    assert honest.turns[0].thought == "I see the red box 1 ahead 2 right, so I go forward."
    lie = replace(honest.turns[0], thought="I see the red box 2 ahead, so I go forward.")
    liar = replace(honest, turns=(lie, *honest.turns[1:]))
    assert truthfulness([liar], envs.make) == Truthfulness(claims=3, true=2)


def test_words_of_its_own_claim_nothing() -> None:
    [honest] = play(ExpertPolicy(), [(Start("goto-small", 3), 0)])
    turns = tuple(replace(turn, thought="Onward!") for turn in honest.turns)
    assert truthfulness([replace(honest, turns=turns)], envs.make) == Truthfulness(0, 0)


def test_where_nobody_thinks_or_senses_there_is_no_share() -> None:
    assert truthfulness(play(RandomPolicy(), STARTS), envs.make).share is None
    corridor = play(RandomPolicy(), [(Start("corridor", 2), 0)], make=Corridor)
    assert truthfulness(corridor, Corridor).share is None
