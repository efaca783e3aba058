"""Tokens as they are shown."""

import math
from unittest.mock import Mock

import pytest
from transformers import PreTrainedTokenizerBase

from agent.models import load_model
from agent.policies import Response
from agent.shown_tokens import Writing, drawn_tokens, tokens_of


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return load_model("nano").tokenizer


def test_tokens_are_the_text_and_none_is_half_a_character(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    text = "a ball é 日本 <answer>"
    ids = tokenizer.encode(text, add_special_tokens=False)
    found = drawn_tokens(tokenizer, ids, [-1.0] * len(ids))
    assert len(found) == len(ids)
    assert "".join(token.text for token in found) == text
    assert not any("\ufffd" in token.text for token in found)
    assert found[0].probability == pytest.approx(math.exp(-1))


def test_half_a_character_at_the_end_is_shown_as_such(tokenizer: PreTrainedTokenizerBase) -> None:
    ids = tokenizer.encode("日", add_special_tokens=False)[:-1]
    writing = Writing(tokenizer)
    assert [writing.token(id, 0.0).text for id in ids] == [""] * len(ids)
    assert writing.rest.strip("\ufffd") == "" != writing.rest
    found = drawn_tokens(tokenizer, ids, [0.0] * len(ids))
    assert len(found) == len(ids) and found[-1].text == writing.rest


def test_each_token_is_decoded_once(
    tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long thought costs a decoding a token: the window waits for whoever holds the lock."""
    ids = tokenizer.encode("a ball " * 20, add_special_tokens=False)
    decode = Mock(wraps=tokenizer.decode)
    monkeypatch.setattr(tokenizer, "decode", decode)
    drawn_tokens(tokenizer, ids, [0.0] * len(ids))
    assert decode.call_count == len(ids)


def test_a_reply_without_tokens_appears_word_by_word() -> None:
    found = tokens_of(Response("<think>I see it.</think>"), None)
    assert [token.text for token in found] == ["<think>I", " see", " it.</think>"]
    assert {token.probability for token in found} == {None}
