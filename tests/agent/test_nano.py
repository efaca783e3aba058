"""The tokenizer that ships with nano, and how one is trained."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.nano import DELIMITERS, TAGS, nano_tokenizer, train_tokenizer

TOKENIZER = nano_tokenizer()


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_any_text_can_be_written(text: str) -> None:
    ids = TOKENIZER(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert TOKENIZER.decode(ids) == text
    assert not set(ids) & set(TOKENIZER.convert_tokens_to_ids(list(DELIMITERS)))


@pytest.mark.parametrize("token", [*DELIMITERS, *TAGS])
def test_delimiters_and_tags_are_one_token(token: str) -> None:
    assert len(TOKENIZER.encode(token)) == 1


def test_tags_are_text_and_delimiters_are_not() -> None:
    ids = TOKENIZER.encode("<|user|><think>left</think><|end|>")
    assert TOKENIZER.decode(ids, skip_special_tokens=True) == "<think>left</think>"


def test_the_chat_template() -> None:
    messages = [
        {"role": "system", "content": "Be."},
        {"role": "user", "content": "See."},
        {"role": "assistant", "content": "Do."},
    ]
    text = "<|system|>Be.<|end|><|user|>See.<|end|><|assistant|>Do.<|end|>"
    assert TOKENIZER.apply_chat_template(messages, tokenize=False) == text
    asked = TOKENIZER.apply_chat_template(messages[:2], tokenize=False, add_generation_prompt=True)
    assert asked == "<|system|>Be.<|end|><|user|>See.<|end|><|assistant|>"


def test_numbers_are_read_digit_by_digit() -> None:
    tokens = TOKENIZER.tokenize("34 turns")
    assert tokens[:2] == ["3", "4"]


def test_training_is_deterministic() -> None:
    texts = ["You see a red ball 2 ahead.", "<think>I go.</think>"] * 20
    one, other = (train_tokenizer(texts, 300).backend_tokenizer.to_str() for _ in range(2))
    assert one == other
