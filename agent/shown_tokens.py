"""Replies as tokens to be shown, and the thought in them."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from transformers import PreTrainedTokenizerBase

from agent.policies import Response
from envs.viewer.scene import Token

HALF = "\ufffd"
"""What half a character is decoded as."""
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


class Writing:
    """A text that is being written, token by token.

    A token that ends in the middle of a character leaves it to the next.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._shown = self._all = ""

    def token(self, id: int, log_prob: float) -> Token:
        """One more, as text, with the probability with which it was drawn."""
        self._ids.append(id)
        decoded = self._tokenizer.decode(self._ids, clean_up_tokenization_spaces=False)
        self._all = str(decoded)
        before, whole = self._shown, self._all.rstrip(HALF)
        self._shown = whole if len(whole) > len(before) else before
        return Token(whole[len(before) :], math.exp(log_prob))

    @property
    def rest(self) -> str:
        """The half character at the end, where there is one."""
        return self._all[len(self._shown) :]


def tokens_of(response: Response, tokenizer: PreTrainedTokenizerBase | None) -> list[Token]:
    """The tokens of a reply, where it is known in which it was drawn; else its words."""
    if tokenizer is None or not response.log_probs:
        return [Token(word) for word in _words(response.text)]
    return drawn_tokens(tokenizer, response.reply_ids, response.log_probs)


def drawn_tokens(
    tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], log_probs: Sequence[float]
) -> list[Token]:
    """Tokens as text, each with the probability with which it was drawn."""
    writing = Writing(tokenizer)
    tokens = [writing.token(id, one) for id, one in zip(ids, log_probs, strict=True)]
    if writing.rest:
        tokens[-1] = replace(tokens[-1], text=tokens[-1].text + writing.rest)
    return tokens


def _words(text: str) -> list[str]:
    """Pieces that a text appears in, one after another, where no mind wrote its tokens."""
    words = text.split(" ")
    return [word if place == 0 else f" {word}" for place, word in enumerate(words)]
