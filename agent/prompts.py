"""What a language model reads: the system text, and the frame its tokenizer puts around each turn.

The frame comes from the tokenizer's own chat template, taken apart once into the four pieces that
stand between texts. Turns are then put together from pieces, never rendered anew: templates that
strip old thoughts, or a text that looks like a turn delimiter, cannot change what has been said.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from transformers import PreTrainedTokenizerBase

from agent.replies import ReplyMode, render
from envs.display import encodable

_HOW_TO_REPLY = {
    ReplyMode.THINK: "First think: <think>thought</think>. Then act: <answer>action</answer>.",
    ReplyMode.ANSWER: "Only act: <answer>action</answer>.",
    ReplyMode.BARE: "Reply with the words of the action, and nothing else.",
    ReplyMode.FILLER: "First write dots: <think>. . .</think>. Then act: <answer>action</answer>.",
}

_SYSTEM, _FIRST, _REPLY, _SECOND = (f"Q{word}Q" for word in ("system", "first", "reply", "second"))


REMEMBERED = 4096
"""Texts whose tokens are kept: an episode's system text comes back each turn, and members of a
group see the same things."""


@dataclass(frozen=True, slots=True)
class Example:
    """A turn of somebody else's, shown to go by (see `agent.few_shot`)."""

    observation: str
    reply: str


def mission_text(mission: str) -> str:
    """The mission, where an observation is to open with it."""
    return f"Mission: {mission}. "


def system_text(
    mission: str | None,
    actions: tuple[str, ...],
    mode: ReplyMode = ReplyMode.THINK,
    *,
    numbered: bool = False,
) -> str:
    """What an episode opens with: the situation, the form of a reply, the actions, the mission.

    After the template of DeepSeek-R1 (arXiv:2501.12948, table 1), in our words. Where `actions`
    is empty, the world is a question and any answer is an action. Without a mission (None) it
    stands in the episode's first observation: behind examples, which have missions of their own.
    Numbered actions stand there as answers, behind a number: which is which can be told where their
    words mean nothing, and a mind can copy them token by token. A word behind a space has other
    tokens than the same word behind a tag.
    """
    how = _HOW_TO_REPLY[mode]
    if not actions:
        how = how.replace("act:", "answer:").replace(">action<", ">your answer<")
        return f"You answer a question. {how} {mission or ''}"
    if numbered and mode is not ReplyMode.BARE:
        answers = [f"{n}{render('', one, ReplyMode.ANSWER)}" for n, one in enumerate(actions, 1)]
        listed = how.replace("<answer>action</answer>", " ".join(answers))
    else:
        listed = f"{how} Actions: {', '.join(actions)}."
    return (
        "You live in a grid world. Each turn tells what you sense, and you reply with one action. "
        f"{listed} " + ("" if mission is None else mission_text(mission))
    ).rstrip()


@dataclass(frozen=True, slots=True)
class ChatFrame:
    """The token pieces between texts: `opening` system `first` observation `reply` ... `next`.

    An episode reads: opening, system text, first, observation, reply, *its reply*, next,
    observation, reply, *its reply*, next, and so on.
    """

    text: Callable[[str], tuple[int, ...]]
    """tokens of a text that is not ours: control tokens in it are read as plain characters"""
    opening: tuple[int, ...]
    first: tuple[int, ...]
    reply: tuple[int, ...]
    next: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> Self:
        """Take apart the tokenizer's chat template; a plain frame where it has none."""

        def ids(text: str) -> tuple[int, ...]:
            return tuple(tokenizer.encode(text, add_special_tokens=False))

        pieces = _pieces(tokenizer)
        marks = _marks_in_words(tokenizer, pieces)

        @lru_cache(REMEMBERED)
        def text(text: str) -> tuple[int, ...]:
            text = encodable(text)
            for mark in marks:
                text = text.replace(mark, f"{mark[0]} {mark[1:]}")
            encoded = tokenizer(text, add_special_tokens=False, split_special_tokens=True)
            return tuple(encoded["input_ids"])

        return cls(text, *(ids(piece) for piece in pieces))

    def open(self, system: str) -> tuple[int, ...]:
        """Tokens up to the first observation."""
        return self.opening + self.text(system) + self.first


def _marks_in_words(tokenizer: PreTrainedTokenizerBase, pieces: tuple[str, ...]) -> list[str]:
    """What says whose turn it is and is no control token: a text that holds it is to be broken.

    Where each turn begins and ends with a control token, which no text can hold, there is nothing.
    """
    controls = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    controls |= {*tokenizer.all_special_tokens}
    if all(any(control in piece for control in controls) for piece in pieces[2:]):
        return []
    cut = "|".join(map(re.escape, sorted(controls, key=len, reverse=True))) or r"(?!)"
    words = {word.strip() for piece in pieces[1:] for word in re.split(cut, piece)}
    return sorted((word for word in words if len(word) > 1), key=len, reverse=True)


def _pieces(tokenizer: PreTrainedTokenizerBase) -> tuple[str, str, str, str]:
    """What stands before the system text and between the turns, as the tokenizer's template has it.

    Where it has none, words at the start of a line say whose turn it is.

    Raises:
        ValueError: if the template cannot be used; what it says stays its own.
    """
    if not tokenizer.chat_template:
        return tokenizer.bos_token or "", "\n\nObservation: ", "\nReply: ", "\n\nObservation: "
    try:
        return _template_pieces(tokenizer)
    except Exception as error:
        raise ValueError(
            "the tokenizer's chat template cannot be used: it must show a system text (or put it "
            f"before the first turn) and three turns, each once and as they are ({error})"
        ) from error


def _template_pieces(tokenizer: PreTrainedTokenizerBase) -> tuple[str, str, str, str]:
    """The template's text before the system text and between the turns."""

    def render(messages: list[dict[str, str]]) -> str:
        return str(
            tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        )

    turns = [
        {"role": "user", "content": _FIRST},
        {"role": "assistant", "content": _REPLY},
        {"role": "user", "content": _SECOND},
    ]
    try:
        text = render([{"role": "system", "content": _SYSTEM}, *turns])
    except Exception:  # templates raise errors of their own where they know no system role
        text = ""
    if _SYSTEM not in text:
        turns[0]["content"] = f"{_SYSTEM}\n\n{_FIRST}"
        text = render(turns)
    opening, rest = text.split(_SYSTEM)
    first, rest = rest.split(_FIRST)
    _, rest = rest.split(_REPLY)
    following, reply = rest.split(_SECOND)
    return opening, first, reply, following
