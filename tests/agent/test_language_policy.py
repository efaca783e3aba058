"""The language model as a policy: what it notes is what it read and wrote, over segments too."""

import json
import re
from collections import Counter
from itertools import pairwise

import pytest
import torch

from agent.language_policy import DictatedPolicy, LanguagePolicy, Sampling
from agent.loading import load, save
from agent.models import Mind, load_model
from agent.policies import ExpertPolicy, RandomPolicy
from agent.replies import ReplyMode
from agent.rollout import play
from agent.types import Episode, ReplyStatus, Start
from envs.thoughts import PLACE
from tests.support.corridor import Corridor

STARTS = [(Start("corridor", seed), 0) for seed in range(5)]


@pytest.fixture(scope="module")
def mind() -> Mind:
    torch.set_num_threads(1)
    return load_model("nano")


def replies(episodes: list[Episode]) -> list[list[tuple[int, ...]]]:
    return [[turn.reply_ids for turn in episode.turns] for episode in episodes]


@pytest.mark.parametrize(("context", "segments"), [(None, 1), (70, 3)])
def test_noted_log_probs_are_those_of_a_full_pass(
    mind: Mind, context: int | None, segments: int
) -> None:
    policy = LanguagePolicy(mind, Sampling(max_reply_tokens=6, context=context))
    for episode in play(policy, STARTS, make=Corridor, seats=3):
        rows = list(episode.segments())
        assert len(rows) >= segments
        for turns in rows:
            ids = [id for turn in turns for id in (*turn.prompt_ids, *turn.reply_ids)]
            assert len(ids) <= (context or mind.context)
            with torch.inference_mode():
                logs = mind.model(torch.tensor([ids])).logits[0].log_softmax(-1)
            place = 0
            for turn in turns:
                place += len(turn.prompt_ids)
                for id, log_prob in zip(turn.reply_ids, turn.log_probs, strict=True):
                    assert ids[place] == id
                    assert logs[place - 1, id].item() == pytest.approx(log_prob, abs=1e-4)
                    place += 1


def test_tokens_that_only_the_model_knows_are_no_text() -> None:
    """Many models have more rows than their tokenizer has tokens, and one may be drawn."""
    mind = load_model("nano")
    known = len(mind.tokenizer)
    mind.model.resize_token_embeddings(known + 64, mean_resizing=False)
    with torch.no_grad():
        mind.model.get_output_embeddings().weight[:known] = 0  # as likely as all of the known
    policy = LanguagePolicy(mind, Sampling(max_reply_tokens=24))
    turns = [turn for episode in play(policy, STARTS, make=Corridor) for turn in episode.turns]
    assert any(id >= known for turn in turns for id in turn.reply_ids)
    for turn in turns:
        read = [id for id in turn.reply_ids if id < known and id not in mind.end_ids]
        assert turn.reply == mind.tokenizer.decode(read, clean_up_tokenization_spaces=False)


def test_seats_change_no_draw(mind: Mind) -> None:
    policy = LanguagePolicy(mind, Sampling(max_reply_tokens=5))
    together = play(policy, STARTS, make=Corridor)
    in_turn = play(policy, STARTS, make=Corridor, seats=1)
    assert replies(together) == replies(in_turn)


def test_nothing_is_left_of_the_play_before(mind: Mind) -> None:
    policy = LanguagePolicy(mind, Sampling(max_reply_tokens=5))
    first, again = (play(policy, STARTS, make=Corridor) for _ in range(2))
    assert replies(first) == replies(again)


def test_one_token_to_draw_from_is_greedy_play(mind: Mind) -> None:
    one = LanguagePolicy(mind, Sampling(1.0, top_k=1, max_reply_tokens=5))
    nucleus = LanguagePolicy(mind, Sampling(1.0, top_p=1e-6, max_reply_tokens=5))
    greedy = LanguagePolicy(mind, Sampling(0, max_reply_tokens=5))
    first, second, third = (play(each, STARTS, make=Corridor) for each in (one, nucleus, greedy))
    for ours, others, likeliest in zip(first, second, third, strict=True):
        for turns in zip(ours.turns, others.turns, likeliest.turns, strict=True):
            assert len({turn.reply_ids for turn in turns}) == 1


def test_dictated_replies_are_the_teachers_in_tokens(mind: Mind) -> None:
    taught = play(DictatedPolicy(mind, RandomPolicy(), Sampling()), STARTS, make=Corridor)
    plain = play(RandomPolicy(), STARTS, make=Corridor)
    for ours, theirs in zip(taught, plain, strict=True):
        assert [turn.reply for turn in ours.turns] == [turn.reply for turn in theirs.turns]
        for turn in ours.turns:
            assert turn.status is ReplyStatus.OK
            assert mind.tokenizer.decode(turn.reply_ids) == turn.reply
    assert taught[0].turns[0].opens_segment


def test_a_reply_longer_than_replies_may_be_is_not_shown(mind: Mind) -> None:
    with pytest.raises(ValueError, match=r"may have 3: set --sampling.max-reply-tokens higher"):
        play(
            DictatedPolicy(mind, RandomPolicy(), Sampling(max_reply_tokens=3)),
            STARTS,
            make=Corridor,
        )


def test_notes_are_false_where_the_teacher_sees_for_itself(mind: Mind) -> None:
    sampling = Sampling(memory=False, note=True, history=0)
    starts = [(Start("mixed-balrog", seed), 0) for seed in range(6)]
    told: list[list[list[tuple[int, ...]]]] = []
    noted: Counter[bool] = Counter()
    for share in (0.0, 0.999):
        shown = play(DictatedPolicy(mind, ExpertPolicy(), sampling, share), starts)
        told.append(replies(shown))
        for one in shown:
            for last, turn in pairwise(one.turns):
                asked = mind.tokenizer.decode(turn.prompt_ids).split("<|user|>")[-1]
                note = re.match("<think>(.*)</think>", asked)
                assert note is not None
                assert note[1].partition(", so ")[2] == last.thought.partition(", so ")[2]
                knows = re.search(rf"{PLACE}|nowhere, look \d, so", turn.thought)
                if not share or not knows:
                    assert note[1] == last.thought
                elif re.search(PLACE, note[1]) and re.search(PLACE, turn.thought):
                    noted[note[1] == last.thought] += 1
    assert told[0] == told[1]
    assert noted[True] < 0.1 * noted[False]


def test_a_saved_policy_plays_the_same_when_loaded(mind: Mind, tmp_path) -> None:  # type: ignore[no-untyped-def]
    policy = LanguagePolicy(mind, Sampling(0.7, max_reply_tokens=4, history=1), ReplyMode.ANSWER)
    save(policy, tmp_path)
    again = load(tmp_path)
    assert isinstance(again, LanguagePolicy)
    assert (again.sampling, again.mode) == (policy.sampling, policy.mode)
    first, second = (play(one, STARTS, make=Corridor) for one in (policy, again))
    assert first == second


@pytest.mark.parametrize("newer", [{"format": 2}, {"sampling": {"warmth": 1}}])
def test_a_newer_versions_policy_is_refused(mind: Mind, tmp_path, newer) -> None:  # type: ignore[no-untyped-def]
    save(LanguagePolicy(mind), tmp_path)
    settings = tmp_path / "policy.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | newer))
    with pytest.raises(ValueError, match="written by a newer version"):
        load(tmp_path)


def test_settings_that_cannot_work_are_refused() -> None:
    for wrong in (
        {"temperature": -1},
        {"top_k": -1},
        {"top_p": 0},
        {"max_reply_tokens": 0},
        {"history": -1},
        {"context": 0},
    ):
        with pytest.raises(ValueError, match="must be"):
            Sampling(**wrong)
