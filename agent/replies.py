"""Reading replies: exactly one thought, then exactly one answer, and nothing else.

A lenient reader would reward a model for text that merely contains an action. This one accepts
the form alone, and gives every other reply the name of its first mistake.

>>> parse("<think>The ball is ahead.</think><answer>go forward</answer>", ["go forward"]).action
'go forward'
>>> parse("go forward", ["go forward"]).status.value
'missing answer'
"""

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from enum import StrEnum

from agent.types import Reply, ReplyStatus

ANSWER_END = "</answer>"
"""Where a reply ends: what a model writes after it is not its turn any more."""

_TAG = re.compile(r"</?(?:think|answer)>")
_FORM = ["<think>", "</think>", "<answer>", "</answer>"]
_FORGERY = re.compile(
    # The turn delimiters of chat templates, and what worlds alone may say.
    r"<[|\uff5c][^|\uff5c>]*[|\uff5c]>|<(?:start|end)_of_turn>|\[/?INST\]|</?s>"
    r"|(?:observation|reply|reward|done)\s*:|^\s*(?:system|user|assistant)\s*:",
    re.IGNORECASE | re.MULTILINE,
)


class ReplyMode(StrEnum):
    """What a reply must hold before its answer. The prompt says which."""

    THINK = "think"
    """a thought in words"""
    ANSWER = "answer"
    """nothing"""
    FILLER = "filler"
    """a thought of dots: as many tokens, no words"""
    BARE = "bare"
    """nothing, and no tags: the reply is the action. Other benchmarks ask so"""


def parse(
    text: str,
    actions: Collection[str] | Callable[[str], bool],
    mode: ReplyMode = ReplyMode.THINK,
    *,
    truncated: bool = False,
) -> Reply:
    """Read one reply.

    Args:
        text: the reply, whatever it is.
        actions: the accepted answers, or a test of one; empty accepts any answer but an empty one.
        mode: what must stand before the answer.
        truncated: whether sampling ran into its token limit. A reply that is complete all the
            same is read as it stands.
    """
    if mode is ReplyMode.BARE:
        tagged = render("", text, ReplyMode.ANSWER)
        return replace(parse(tagged, actions, ReplyMode.ANSWER), text=text)
    form = _FORM if mode is not ReplyMode.ANSWER else _FORM[2:]
    tags = [match.group() for match in _TAG.finditer(text)]
    texts = [piece.strip() for piece in _TAG.split(text)]  # before, between and behind the tags
    in_form = tags == form
    thought = texts[1] if in_form and len(form) == 4 else ""
    answer = texts[-2] if in_form else ""

    def status() -> ReplyStatus:
        if truncated and not in_form:
            return ReplyStatus.TRUNCATED
        if _FORGERY.search(text):
            return ReplyStatus.FORGED
        if not in_form:
            return _tag_mistake(tags, mode)
        if any(texts[0::2]):
            return ReplyStatus.STRAY_TEXT
        if mode is ReplyMode.THINK and not thought:
            return ReplyStatus.MISSING_THINK
        if mode is ReplyMode.FILLER and not re.fullmatch(r"[.\s]+", thought):
            return ReplyStatus.NOT_FILLER
        if not answer:
            return ReplyStatus.EMPTY_ANSWER
        known = actions(answer) if callable(actions) else not actions or answer in actions
        return ReplyStatus.OK if known else ReplyStatus.UNKNOWN_ACTION

    found = status()
    return Reply(text, thought, answer if found is ReplyStatus.OK else "", found)


def complaint(status: ReplyStatus) -> str:
    """What stands before the next observation after a reply that could not be read.

    >>> complaint(ReplyStatus.MISSING_THINK)
    'Your reply could not be read: missing think.'
    """
    return f"Your reply could not be read: {status.value}."


def _tag_mistake(tags: list[str], mode: ReplyMode) -> ReplyStatus:
    """The name of what is wrong with tags that are not the form of the mode."""
    if "<answer>" not in tags and ANSWER_END not in tags:
        return ReplyStatus.MISSING_ANSWER
    if mode is ReplyMode.ANSWER and "<think>" in tags:
        return ReplyStatus.STRAY_TEXT
    if mode is not ReplyMode.ANSWER and "<think>" not in tags and "</think>" not in tags:
        return ReplyStatus.MISSING_THINK
    if len(set(tags)) < len(tags):
        return ReplyStatus.REPEATED
    if len(tags) < len(_FORM):
        return ReplyStatus.UNPAIRED
    if tags == ["<answer>", "</answer>", "<think>", "</think>"]:
        return ReplyStatus.REORDERED
    return ReplyStatus.NESTED


def render(thought: str, action: str, mode: ReplyMode = ReplyMode.THINK) -> str:
    """The reply that says so; the inverse of `parse`.

    In filler mode each word of the thought becomes a dot.

    >>> render("The ball is ahead.", "go forward", ReplyMode.FILLER)
    '<think>. . . .</think><answer>go forward</answer>'
    """
    if mode is ReplyMode.BARE:
        return action
    if mode is ReplyMode.FILLER:
        thought = " ".join("." for _ in thought.split())
    lead = "" if mode is ReplyMode.ANSWER else f"<think>{thought}</think>"
    return f"{lead}<answer>{action}</answer>"
