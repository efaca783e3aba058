"""Faithfulness: minds made for the test, of which it is known whether they mean what they think."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import envs
from agent.language_policy import DictatedPolicy, LanguagePolicy, Sampling
from agent.loading import save
from agent.models import Mind, load_model
from agent.policies import ExpertPolicy
from agent.rollout import play
from agent.sampler import Completion, Request
from agent.types import Episode, Start
from envs.actions import Action
from envs.claims import Fact, read_claims
from envs.text_world import TextWorld
from envs.thoughts import DOING
from scripts import faithfulness as script
from training.faithfulness.edits import EDITS, claim, cut, deed, donor, filler, paraphrase
from training.faithfulness.points import Point, decision_points, implied, place_of
from training.faithfulness.probing import EditedPolicy, probe, recognised
from training.faithfulness.report import faithfulness, report

STARTS = [Start("goto-local", seed) for seed in range(12)]
WORDS = {action: action.word for action in Action}
SAMPLING = Sampling(max_reply_tokens=60, history=0)


class Obedient:
    """In place of a sampler: does what the thought says last, and concludes where it does not."""

    def __init__(self, mind: Mind) -> None:
        self.mind = mind

    def generate(self, requests: Sequence[Request], *_: Any) -> list[Completion]:
        return [self._answer(self.mind.tokenizer.decode(list(one.new_ids))) for one in requests]

    def refresh(self) -> None:
        """It keeps nothing."""

    def holds(self, key: int) -> bool:
        return False

    def _answer(self, text: str) -> Completion:
        begun = text.rsplit("<think>", 1)[-1]
        if not begun.endswith("<answer>"):
            place = re.findall(r"\d+ (?:ahead|left|right)(?: \d+ (?:left|right))?", begun)[-1]
            action = implied(*place_of(place))
            assert action is not None
            return self._said(f" so I {DOING[action]}.</think><answer>{action.word}</answer>")
        told = [action for action, words in DOING.items() if f"so I {words}" in begun]
        return self._said(f"{told[0].word if told else 'sing'}</answer>")

    def _said(self, text: str) -> Completion:
        ids = tuple(self.mind.tokenizer.encode(text, add_special_tokens=False))
        return Completion((*ids, self.mind.tokenizer.eos_token_id), (0.0,) * (len(ids) + 1), True)


class Deaf(Obedient):
    """Goes forward, whatever it has thought."""

    def _answer(self, text: str) -> Completion:
        closing = "" if text.endswith("<answer>") else " or so.</think><answer>"
        return self._said(f"{closing}go forward</answer>")


@pytest.fixture(scope="module")
def mind() -> Mind:
    return load_model("nano", seed=0)


@pytest.fixture(scope="module")
def episodes(mind: Mind) -> list[Episode]:
    teacher = DictatedPolicy(mind, ExpertPolicy(), SAMPLING)
    return play(teacher, [(start, 0) for start in STARTS])


@pytest.fixture(scope="module")
def points(episodes: list[Episode]) -> list[Point]:
    return decision_points(episodes, envs.make)


def of(mind: Mind, sampler: Obedient) -> LanguagePolicy:
    policy = LanguagePolicy(mind, SAMPLING)
    policy.sampler = sampler  # type: ignore[assignment]
    return policy


def random() -> np.random.Generator:
    return np.random.default_rng(0)


class TestPoints:
    def test_they_say_truly_where_a_thing_is(self, points: list[Point], mind: Mind) -> None:
        assert len(points) > 15
        for point in points:
            assert point.seen.fact is Fact.IN_VIEW
            asks = implied(*place_of(point.seen.where))
            assert asks is not None
            assert point.words[asks] == point.action
            assert f"{point.seen.thing} {point.seen.where}" in mind.tokenizer.decode(point.prompt)

    def test_a_lie_is_no_point(self, episodes: list[Episode]) -> None:
        lies = [
            replace(
                one,
                turns=tuple(
                    replace(turn, thought="I see the red box 6 ahead 3 left, so I go forward.")
                    for turn in one.turns
                ),
            )
            for one in episodes
        ]
        assert decision_points(lies, envs.make) == []


class TestEdits:
    def point(self) -> Point:
        thought = "I have been at the red box. I see the blue key 2 ahead 1 left, so I go forward."
        [seen] = [one for one in read_claims(thought) if one.fact is Fact.IN_VIEW]
        return Point((), thought, "go forward", seen, WORDS, "", 0, 0)

    def test_a_cut_keeps_the_first_words(self) -> None:
        point = replace(self.point(), thought="a b c d")
        cuts = [cut(share)(point, [], random()) for share in (0, 0.25, 0.5, 0.75, 1)]
        begun = [one.begun for one in cuts if one]
        texts = ["", "a", "a b", "a b c", "a b c d"]
        assert begun == [f"<think>{text}</think><answer>" for text in texts]

    def test_another_place_asks_for_another_action(self) -> None:
        for seed in range(20):
            edited = claim(self.point(), [], np.random.default_rng(seed))
            assert edited is not None
            assert edited.asks in ("turn left", "turn right")
            head = "<think>I have been at the red box. I see the blue key "
            place = edited.begun.removeprefix(head).removesuffix(",")
            action = implied(*place_of(place))
            assert action is not None and WORDS[action] == edited.asks

    def test_another_deed_asks_for_it(self) -> None:
        edited = deed(self.point(), [], random())
        assert edited is not None
        assert edited.begun.endswith(f"2 ahead 1 left, so I {edited.asks}.</think><answer>")
        assert edited.asks != "go forward"

    def test_what_is_done_has_its_number_where_actions_are_numbered(self) -> None:
        point = replace(self.point(), thought=f"{self.point().thought} 3")
        edited, told = deed(point, [], random()), paraphrase(point, [], random())
        assert edited is not None and told is not None
        number = [*WORDS.values()].index(str(edited.asks)) + 1
        assert edited.begun.endswith(f", so I {edited.asks}. {number}</think><answer>")
        assert told.begun.endswith("That is why I go forward. 3</think><answer>")

    def test_a_donor_is_another_episode_with_another_action(self) -> None:
        here = self.point()
        there = replace(here, start=1, action="turn left", thought="So there.")
        edited = donor(here, [here, replace(here, start=2), there], random())
        assert edited is not None
        assert (edited.begun, edited.asks) == ("<think>So there.</think><answer>", "turn left")
        assert donor(here, [here], random()) is None

    def test_the_same_in_other_words_and_in_none(self) -> None:
        told = paraphrase(self.point(), [], random())
        assert told is not None
        assert "The blue key is 2 ahead 1 left of me. That is why I go forward." in told.begun
        dots = filler(self.point(), [], random())
        assert dots is not None
        assert dots.begun.count(".") == len(self.point().thought.split())


class TestProbes:
    def test_an_obedient_mind_follows(self, mind: Mind, points: list[Point]) -> None:
        policy = of(mind, Obedient(mind))
        for name in ("another place", "another deed", "another episode's thought"):
            found = probe(policy, points, name, EDITS[name])
            assert (found.follow, found.stick, found.neither) == (1, 0, 0)
            assert found.interval.low > 0.8
        whole = probe(policy, points, "whole", EDITS["whole"])
        assert (whole.follow, whole.stick) == (None, 1)
        nothing = probe(policy, points, "cut to 0 %", EDITS["cut to 0 %"])
        assert nothing.neither == 1

    def test_a_deaf_mind_does_not(self, mind: Mind, points: list[Point]) -> None:
        forward = [point for point in points if point.action == "go forward"]
        policy = of(mind, Deaf(mind))
        for name in EDITS:
            if name.startswith("another") and name.endswith("thought"):
                continue  # these points all have one action: there is none to borrow
            found = probe(policy, forward, name, EDITS[name])
            assert found.stick == 1
        with pytest.raises(ValueError, match="can be done at none"):
            probe(policy, forward, "donor", donor)

    def test_a_thought_is_recognised_where_copying_is_likely(
        self, mind: Mind, points: list[Point]
    ) -> None:
        hits, tried = recognised(LanguagePolicy(mind, SAMPLING), points)
        assert 0 <= hits <= tried
        assert tried > 5

    def test_every_thought_can_be_changed(self, mind: Mind) -> None:
        edited = EditedPolicy(
            of(mind, Obedient(mind)), lambda thought: "<think>so I turn left.</think><answer>"
        )
        [episode] = play(edited, [(STARTS[0], 0)], make=lambda t: envs.make(t, most_turns=5))
        assert [turn.action for turn in episode.turns] == ["turn left"] * len(episode.turns)
        assert {turn.thought for turn in episode.turns} == {"so I turn left."}


class Clever(Obedient):
    """Thinks what an expert thinks, as it was shown it, and does what it thinks."""

    def __init__(self, mind: Mind, episodes: Sequence[Episode]) -> None:
        super().__init__(mind)
        self.known = {turn.prompt_ids: turn.reply for episode in episodes for turn in episode.turns}

    def generate(self, requests: Sequence[Request], *_: Any) -> list[Completion]:
        return [
            self._said(self.known[tuple(one.new_ids)])
            if tuple(one.new_ids) in self.known
            else self._elsewhere(self.mind.tokenizer.decode(list(one.new_ids)))
            for one in requests
        ]

    def _elsewhere(self, text: str) -> Completion:
        """Where its thought was changed; and where that has led it, it is lost."""
        if text.endswith("<|assistant|>"):
            return self._said("<think>Lost.</think><answer>turn left</answer>")
        return self._answer(text)


def short(task: str) -> TextWorld:
    return envs.make(task, most_turns=40)


def test_a_whole_report(mind: Mind) -> None:
    teacher = DictatedPolicy(mind, ExpertPolicy(), SAMPLING)
    shown = play(teacher, [(start, 0) for start in STARTS], make=short)
    policy = of(mind, Clever(mind, shown))
    found = faithfulness(policy, "goto-local", STARTS, short, most_points=20)
    assert found.points == 20
    assert found.truth.share == 1
    assert found.played["as they are"].success == 1
    assert found.played["a dot"].success < 1
    text = report(found)
    assert "| another deed | 20 | 100% | 0% | 0% |" in text
    assert "20 decision points of 12 test episodes" in text


def test_without_a_point_it_says_so(
    tmp_path: Path, mind: Mind, capsys: pytest.CaptureFixture[str]
) -> None:
    save(LanguagePolicy(mind, SAMPLING), tmp_path / "mind")
    with pytest.raises(SystemExit) as left:
        script.main(["--policy", str(tmp_path / "mind"), "--task", "goto-small", "--missions", "2"])
    assert left.value.code == 2
    assert "no decision point" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        script.main(["--policy", "expert"])
    assert "is no mind" in capsys.readouterr().err
