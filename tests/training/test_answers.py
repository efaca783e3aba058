"""Answers to the suite: likelihoods against a plain forward pass, and the table by hand."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from agent.language_policy import LanguagePolicy, Sampling
from agent.models import load_model
from agent.policies import ExpertPolicy, RandomPolicy
from agent.replies import ReplyMode
from agent.types import EpisodeStatus
from envs.questions import OUTCOME, Item, Perspective
from envs.questions.suite import (
    ITEMS,
    PATH,
    make_suite,
    read_suite,
    suite_hash,
    write_suite,
)
from scripts import questions
from training.answer_table import table
from training.answers import Answer, answers, likelihoods

FROZEN = "f35eb489de9ec55552e9936b26b27ab5e6d4d52ec9a112151e8dcd803159c182"


class TestSuite:
    def test_it_is_frozen(self) -> None:
        assert suite_hash() == hashlib.sha256(PATH.read_bytes()).hexdigest() == FROZEN

    def test_it_is_what_the_command_makes(self, tmp_path: Path) -> None:
        assert make_suite(28) == read_suite()[:28]
        write_suite(read_suite(), tmp_path / "again.jsonl")
        assert (tmp_path / "again.jsonl").read_bytes() == PATH.read_bytes()

    def test_families_and_perspectives_have_equal_shares(self) -> None:
        suite = read_suite()
        assert len(suite) == ITEMS
        for family, about in OUTCOME.items():
            some = [one for one in suite if one.family == family]
            assert len(some) in (142, 143)
            assert {one.difficulty for one in some} == set(about.difficulties)
        allocentric = sum(one.perspective is Perspective.ALLOCENTRIC for one in suite)
        assert allocentric == pytest.approx(ITEMS / 2, abs=10)
        assert len({one.text for one in suite}) == ITEMS

    def test_what_is_no_suite_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="there is no suite"):
            read_suite(tmp_path / "none.jsonl")
        (tmp_path / "some.jsonl").write_text('{"family": "plan"}\n')
        with pytest.raises(ValueError, match="is no suite of questions"):
            read_suite(tmp_path / "some.jsonl")


@pytest.fixture(scope="module")
def policy() -> LanguagePolicy:
    return LanguagePolicy(load_model("nano", seed=3), Sampling(max_reply_tokens=8))


def test_likelihoods_are_those_of_a_plain_forward_pass(policy: LanguagePolicy) -> None:
    suite = read_suite()[:6]
    model, frame = policy.mind.model, policy.frame
    reader = LanguagePolicy(policy.mind, policy.sampling, ReplyMode.ANSWER)
    for item, scores in zip(suite, likelihoods(policy, suite), strict=True):
        prompt, _ = reader.converse("Answer with one of the choices.", ()).ask(item.text)
        for choice, score in zip(item.choices, scores, strict=True):
            answer = frame.text(f"<answer>{choice}</answer>")
            with torch.no_grad():
                logits = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
            told = [
                float(logits[len(prompt) + place - 1, token]) for place, token in enumerate(answer)
            ]
            assert score == pytest.approx(sum(told) / len(told), abs=1e-4)


def test_an_expert_answers_all_and_a_guesser_some() -> None:
    suite = read_suite()[:140]
    assert all(one.is_right for one in answers(ExpertPolicy(), suite))
    guessed = answers(RandomPolicy(), suite)
    assert 0.15 < sum(one.is_right for one in guessed) / len(suite) < 0.45
    assert all(one.likeliest_is_right is None for one in guessed)


def test_a_mind_is_asked_both_ways(policy: LanguagePolicy) -> None:
    told: list[object] = []
    found = answers(policy, read_suite()[:5], told.append)
    assert len(told) == 5
    for one in found:
        assert one.likeliest_is_right == (one.scores.index(max(one.scores)) == one.item.answer)
        assert one.episode.status is EpisodeStatus.FAILURE  # it is untrained


def test_the_table_counts() -> None:
    suite = [one for one in read_suite() if one.family in ("plan", "permanence")][:4]
    asked = answers(ExpertPolicy(), suite)

    def scored(item: Item, right: bool) -> tuple[float, ...]:
        wrong = (item.answer + 1) % len(item.choices)
        likeliest = item.answer if right else wrong
        return tuple(float(place == likeliest) for place in range(len(item.choices)))

    found = [replace(one, scores=scored(one.item, number < 3)) for number, one in enumerate(asked)]
    rows = {row.group: row for row in table(found)}
    whole = rows["all"]
    assert (whole.items, whole.likelihood, whole.generated, whole.unreadable) == (4, 0.75, 1, 0)
    assert whole.low == pytest.approx(0.3006, abs=1e-4)  # Wilson's for 3 of 4
    assert whole.chance == pytest.approx((0.25 + 1 / 3) / 2)
    assert rows["plan"].items == rows["permanence"].items == 2
    assert isinstance(found[0], Answer)
    assert "likeliest  75.0%" in str(whole)


def test_the_command_asks_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = tmp_path / "few.jsonl"
    write_suite(read_suite()[:14], few)
    questions.main(["--policy", "expert", "--suite", str(few), "--json", str(tmp_path / "told")])
    assert "all" in capsys.readouterr().out
    told = json.loads((tmp_path / "told").read_text())
    assert told["suite"] == suite_hash(few)
    assert told["figures"][-1]["generated"] == 1
