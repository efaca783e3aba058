"""What is watched is what is played; what is changed by hand is followed."""

from collections.abc import Sequence
from functools import partial
from threading import Event

import pytest
import torch

import envs
from agent.language_policy import LanguagePolicy, Sampling
from agent.models import load_model
from agent.policies import ExpertPolicy, LiveEpisode, RandomPolicy, Response
from agent.replayer import Replayer
from agent.replies import ReplyMode, render
from agent.rollout import play
from agent.shown_tokens import thought_of
from agent.types import EpisodeStatus, ReplyStatus, Start
from agent.watching import Watched
from envs.viewer.scene import Token, Verdict
from tests.support.corridor import Corridor

START = Start("goto-small", 1)
MAKE = partial(envs.make, render_mode="rgb_array")


@pytest.fixture(scope="module")
def mind() -> LanguagePolicy:
    torch.set_num_threads(1)
    return LanguagePolicy(load_model("nano"), Sampling(max_reply_tokens=8, history=0))


def to_the_end(watched: Watched) -> Watched:
    while not watched.ended:
        watched.think()
        watched.wait()
        assert not watched.error
        watched.act()
    return watched


@pytest.mark.parametrize("numbered", [False, True])
def test_the_experts_episode_is_the_one_it_plays(numbered: bool) -> None:
    [expected] = play(ExpertPolicy(numbered=numbered), [(START, 0)])
    watched = to_the_end(Watched(ExpertPolicy(numbered=numbered), START, MAKE))
    assert watched.episode() == expected
    assert len(watched.moments) == len(expected.turns) + 1
    for turn, played in enumerate(expected.turns):
        panel = watched.panel(turn)
        assert panel.observation == played.observation
        assert "".join(token.text for token in panel.thought) == played.thought
        assert panel.action == played.action
        assert {claim.verdict for claim in panel.claims} <= {Verdict.TRUE, Verdict.UNCHECKED}
        assert panel.claims[-1].verdict is Verdict.TRUE
        assert panel.picture is not None and len(panel.picture.path) <= turn + 1
    last = watched.panel(99)
    assert last.outcome == "success"
    assert last.episode_return == expected.episode_return


def test_a_kept_episode_is_seen_again(mind: LanguagePolicy) -> None:
    [episode] = play(mind, [(START, 0)])
    replayer = Replayer(episode, "again", tokenizer=mind.mind.tokenizer)
    watched = to_the_end(Watched(replayer, START, MAKE))
    assert [turn.reply for turn in watched.episode().turns] == [t.reply for t in episode.turns]
    assert watched.status is episode.status
    shown = watched.moments[0].tokens
    assert len(shown) == len(episode.turns[0].reply_ids)
    assert all(token.probability is not None for token in shown)


def test_a_minds_tokens_come_with_their_probabilities(mind: LanguagePolicy) -> None:
    watched = Watched(mind, START, MAKE)
    watched.think()
    watched.wait()
    now = watched.moments[0]
    assert now.response is not None
    assert "".join(token.text for token in now.tokens) == now.response.text
    assert all(token.probability and token.probability <= 1 for token in now.tokens)


def test_an_edited_thought_is_what_the_action_follows(mind: LanguagePolicy) -> None:
    watched = Watched(mind, START, MAKE)
    with pytest.raises(ValueError, match="no thought to edit yet"):
        watched.rethink("x")
    watched.think()
    watched.wait()
    watched.rethink("I see a red ball.")
    watched.wait()
    response = watched.moments[0].response
    assert response is not None
    assert response.text.startswith("<think>I see a red ball.</think><answer>")
    assert ("before the edit", watched.moments[0].edited_from) in watched.panel(0).facts
    watched.act()
    assert watched.live.turns[0].reply == response.text


def test_a_mind_that_only_answers_has_no_thought_to_edit(mind: LanguagePolicy) -> None:
    answering = LanguagePolicy(mind.mind, mind.sampling, ReplyMode.ANSWER)
    watched = Watched(answering, START, MAKE)
    watched.think()
    watched.wait()
    with pytest.raises(ValueError, match="without a thought"):
        watched.rethink("x")


class Remote:
    """Answers in words, without tokens, and only when it is told to."""

    name, mode = "remote", ReplyMode.THINK

    def __init__(self) -> None:
        self.asked, self.told = Event(), Event()

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        self.asked.set()
        self.told.wait(10)
        return [Response(render("I see it.", "turn left", self.mode))] * len(live)


def test_a_reply_without_tokens_is_shown_by_its_words() -> None:
    remote = Remote()
    remote.told.set()
    watched = Watched(remote, START, MAKE)
    watched.think()
    watched.wait()
    panel = watched.panel(0)
    assert "".join(token.text for token in panel.thought) == "I see it."
    assert {token.probability for token in panel.thought} == {None}
    assert (panel.action, panel.choices, panel.trouble) == ("turn left", (), "")


def test_nobody_waits_for_a_mind_that_answers_from_elsewhere() -> None:
    remote = Remote()
    watched = Watched(remote, START, MAKE)
    watched.think()
    assert remote.asked.wait(10)
    watched.leave()
    assert watched.busy
    remote.told.set()
    watched.wait()


def test_only_a_language_model_reads_its_thoughts() -> None:
    watched = Watched(ExpertPolicy(), START, MAKE)
    watched.think()
    watched.wait()
    with pytest.raises(ValueError, match="only a language model"):
        watched.rethink("x")


def test_a_person_takes_over_and_hands_back() -> None:
    watched = Watched(ExpertPolicy(), START, MAKE)
    watched.think()
    watched.wait()
    watched.take_over()
    assert watched.waits_for_a_person and watched.name == "a person"
    with pytest.raises(ValueError, match="there is no action 'fly'"):
        watched.say("fly")
    watched.say("turn left", "I look.")
    watched.act()
    turn = watched.live.turns[0]
    assert (turn.thought, turn.action, turn.status) == ("I look.", "turn left", ReplyStatus.OK)
    watched.hand_back()
    to_the_end(watched)
    assert watched.status is EpisodeStatus.SUCCESS


def test_a_person_alone_has_nobody_to_hand_back_to() -> None:
    watched = Watched(None, START, MAKE)
    assert watched.waits_for_a_person
    with pytest.raises(ValueError, match="no policy"):
        watched.hand_back()


def test_a_wall_that_is_bumped_into_is_touched() -> None:
    watched = Watched(None, START, MAKE)
    for action in ("turn left", *("go forward",) * 4):
        watched.say(action)
        watched.act()
        picture = watched.moments[-1].picture
        assert picture is not None
        if picture.touched:
            x, y = picture.path[-1]
            assert abs(picture.touched[0] - x) + abs(picture.touched[1] - y) == 1
            return
    raise AssertionError("four steps to the left met nothing")


def test_to_say_one_is_done_touches_nothing() -> None:
    watched = Watched(None, Start("MiniGrid-MultiRoom-N6-v0", 0), MAKE)
    for action, touches in (("done", False), ("toggle", True)):
        watched.say(action)
        watched.act()
        picture = watched.moments[-1].picture
        assert picture is not None and (picture.touched is not None) is touches


def test_worlds_without_a_picture_are_watched_too() -> None:
    watched = to_the_end(Watched(RandomPolicy(), Start("corridor", 0), lambda _: Corridor()))
    assert watched.panel(0).picture is None
    assert watched.panel(0).choices == ()


def test_a_mind_that_fails_is_said_and_does_not_end_the_show(mind: LanguagePolicy) -> None:
    small = LanguagePolicy(mind.mind, Sampling(max_reply_tokens=8, context=20))
    watched = Watched(small, START, MAKE)
    watched.think()
    watched.wait()
    assert "the context is too small" in watched.error
    assert "the context is too small" in watched.panel(0).trouble


@pytest.mark.parametrize(
    ("reply", "thought"),
    [
        ("<think>I see. </think><answer>go</answer>", "I see. "),
        ("<think>I see", "I see"),
        ("<think>I see</thi", "I see"),
        ("<answer>go</answer>", ""),
        ("no tags", "no tags"),
    ],
)
def test_the_thought_is_found_however_its_tokens_are_cut(reply: str, thought: str) -> None:
    for size in (1, 2, 3, 100):
        tokens = [Token(reply[at : at + size], 0.5) for at in range(0, len(reply), size)]
        assert "".join(token.text for token in thought_of(tokens)) == thought
