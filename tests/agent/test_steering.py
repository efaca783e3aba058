"""One watched episode is the episode that `play` plays, until someone interferes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import envs
from agent.language_policy import LanguagePolicy, Sampling
from agent.models import load_model
from agent.policies import LiveEpisode
from agent.rollout import begin, play, take_turn
from agent.steering import ask, choice_probabilities, dictated, reply
from agent.types import EpisodeStatus, Start

START = Start("goto-small", 3)
ACTIONS = ("turn left", "turn right", "go forward")


@pytest.fixture(scope="module", params=[0, None])
def policy(request: pytest.FixtureRequest) -> LanguagePolicy:
    """Of a mind that shows the last turn alone, or as much as fits."""
    torch.set_num_threads(1)
    sampling = Sampling(max_reply_tokens=6, history=request.param, context=400)
    return LanguagePolicy(load_model("nano"), sampling)


def live() -> LiveEpisode:
    return begin(0, START, 0, envs.make(START.task), (0,))


def test_a_watched_episode_is_the_one_that_play_plays(policy: LanguagePolicy) -> None:
    [expected] = play(policy, [(START, 0)])
    episode, drawn = live(), []
    status = EpisodeStatus.RUNNING
    while status is EpisodeStatus.RUNNING:
        question = ask(policy, episode)
        response = reply(policy, question, on_token=lambda id, found: drawn.append((id, found)))
        assert reply(policy, question).reply_ids == response.reply_ids  # asked again
        status = take_turn(episode, response, policy.mode)
    ours, theirs = ([replace(one, log_probs=()) for one in e.turns] for e in (episode, expected))
    assert ours == theirs
    assert [id for id, _ in drawn] == [id for turn in expected.turns for id in turn.reply_ids]
    told = [one for turn in expected.turns for one in turn.log_probs]
    np.testing.assert_allclose([found for _, found in drawn], told, atol=1e-4)


def test_a_reply_goes_on_from_what_it_is_begun_with(policy: LanguagePolicy) -> None:
    begun = "<think>I see a ball.</think>"
    response = reply(policy, ask(policy, live()), begun)
    given = policy.frame.text(begun)
    assert response.text.startswith(begun)
    assert response.reply_ids[: len(given)] == given
    assert len(response.reply_ids) > len(given)


def test_a_dictated_turn_is_remembered_like_ones_own(policy: LanguagePolicy) -> None:
    episode = live()
    text = "<think>Mine.</think><answer>turn left</answer>"
    take_turn(episode, dictated(policy, ask(policy, episode), text), policy.mode)
    assert episode.turns[0].action == "turn left"
    remembered = policy.mind.tokenizer.decode(ask(policy, episode).segment)
    assert "turn left" in remembered.split("<|assistant|>")[-2 if policy.sampling.history else 0]


def test_choices_are_as_likely_as_the_model_alone_says(policy: LanguagePolicy) -> None:
    question = ask(policy, live())
    begun, choices = "<think>x</think><answer>", [f"{action}</answer>" for action in ACTIONS]
    scores = []
    for choice in choices:
        opening = question.segment + policy.frame.text(begun)
        ids = opening + policy.frame.text(choice)
        with torch.no_grad():
            logits = policy.mind.model(torch.tensor([ids])).logits[0].log_softmax(-1)
        scores.append(sum(float(logits[i - 1, ids[i]]) for i in range(len(opening), len(ids))))
    expected = np.exp(scores) / np.exp(scores).sum()
    found = choice_probabilities(policy, question, begun, choices)
    np.testing.assert_allclose(found, expected, atol=1e-5)
