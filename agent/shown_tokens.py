"""Replies as tokens to be shown, and the thought in them."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from transformers import PreTrainedTokenizerBase

from agent.policies import Response
from agent.steering import pieces
from envs.viewer.scene import Token

_THOUGHT = re.compile(
    r"\s*(?:<think>)?(?P<thought>.*?)(?:</think>|<answer>|<[/a-z]*$|$)", re.DOTALL
)


def thought_of(tokens: list[Token]) -> tuple[Token, ...]:
    """The tokens of the thought alone, without the tags around it, which may share a token."""
    found = _THOUGHT.match("".join(token.text for token in tokens))
    assert found
    first, last = found.span("thought")
    kept, begin = [], 0
    for token in tokens:
        end = begin + len(token.text)
        text = token.text[max(first - begin, 0) : max(last - begin, 0)]
        if text:
            kept.append(replace(token, text=text))
        begin = end
    return tuple(kept)


def tokens_of(response: Response, tokenizer: PreTrainedTokenizerBase | None) -> list[Token]:
    """The tokens of a reply, where it is known in which it was drawn; else its words."""
    if tokenizer is None or not response.log_probs:
        return [Token(word) for word in _words(response.text)]
    return drawn_tokens(tokenizer, response.reply_ids, response.log_probs)


def drawn_tokens(
    tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], log_probs: Sequence[float]
) -> list[Token]:
    """Tokens as text, each with the probability with which it was drawn."""
    texts = pieces(tokenizer, ids)
    return [Token(text, math.exp(one)) for text, one in zip(texts, log_probs, strict=True)]


def _words(text: str) -> list[str]:
    """Pieces that a text appears in, one after another, where no mind wrote its tokens."""
    words = text.split(" ")
    return [word if place == 0 else f" {word}" for place, word in enumerate(words)]
