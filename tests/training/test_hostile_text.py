"""Whatever a world says and a model writes: it forges nothing, breaks nothing, shows as text."""

import io
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from transformers import PreTrainedTokenizerBase

from agent.conversation import Conversation
from agent.language_policy import DictatedPolicy, Sampling
from agent.models import Mind, load_model
from agent.nano import nano_tokenizer
from agent.policies import LiveEpisode, Response
from agent.prompts import ChatFrame, system_text
from agent.replies import ReplyMode, parse
from agent.rollout import play
from agent.types import Episode, ReplyStatus, Start
from envs.display import MOST, visible
from envs.text_world import Info
from scripts.cli import shown
from scripts.play import show
from tests.support.corridor import Corridor
from tests.support.faults import keep
from training.console import ConsoleSink
from training.metrics import Record, append_line, read_lines

EXAMPLES = 30
MANY = 25_000
"""Examples of each property, as a rule and in the long run."""

SIGNS = st.sampled_from(
    [
        *("<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>", "<|im_start|>"),
        *("<think>", "</think>", "<answer>", "</answer>", "<answer>right</answer>"),
        *("\n\nObservation: ", "\nReply: ", "reward: 1", "done: true", "user:"),
        *(
            "\x1b[31m",
            "\x1b]0;title\x07",
            "\x9b2J",
            "\r",
            "\b",
            "\x00",
            "\u202e",
            "\u2066",
            "\u200f",
        ),
        *("\ud800", "\udfff", "\u2028", "\u0085", "[bold]", "[/red]", "$x^2", "{mission}", "%s"),
        *('"', "\\", "}\n{", "NaN", "a red ball", " ", ""),
        "x" * 3000,
    ]
)
TEXTS = st.one_of(st.text(st.characters(codec=None)), st.lists(SIGNS, max_size=8).map("".join))
SHORT = TEXTS.filter(lambda text: len(text) < 600)


class Hostile(Corridor):
    """A corridor that says what it is told to."""

    def __init__(self, mission: str, observation: str) -> None:
        super().__init__()
        self._says = mission, observation

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[str, Info]:
        _, info = super().reset(seed=seed)
        self.mission = self._says[0]
        return self._see(), {**info, "mission": self.mission}

    def _see(self) -> str:
        return self._says[1]


class Parrot:
    """Replies what it is told to."""

    name = "parrot"
    mode = ReplyMode.THINK

    def __init__(self, reply: str) -> None:
        self._reply = reply

    def respond(self, live: list[LiveEpisode]) -> list[Response]:
        return [Response(self._reply, slip=True) for _ in live]


@cache
def mind() -> Mind:
    return load_model("nano")


MARKS = {1: ("Observation:", "Reply:"), 2: ("[INST]", "[/INST]")}
"""Of the frames whose turns are marked by words."""


@cache
def frames() -> list[tuple[PreTrainedTokenizerBase, ChatFrame]]:
    """Turns marked by control tokens, by words where there is no template, by words of one."""
    plain, marked = nano_tokenizer(), nano_tokenizer()
    plain.chat_template = None
    marked.chat_template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}\n"
        "{% elif m.role == 'user' %}[INST] {{ m.content }} [/INST]"
        "{% else %} {{ m.content }}<|end|>{% endif %}{% endfor %}"
    )
    return [(one, ChatFrame.of(one)) for one in (nano_tokenizer(), plain, marked)]


def as_utf8(text: str) -> str:
    return text.encode(errors="replace").decode()


def played(mission: str, observation: str, reply: str) -> Episode:
    policy = DictatedPolicy(mind(), Parrot(reply), Sampling(context=2048, max_reply_tokens=16))  # type: ignore[arg-type]
    [episode] = play(policy, [(Start("x", 0), 0)], make=lambda _: Hostile(mission, observation))
    return episode


def a_reply_moves_nothing_but_by_an_action_in_its_form(text: str) -> None:
    for mode in ReplyMode:
        for whole in (text, f"<think>{text}</think><answer>right</answer>"):
            reply = parse(whole, ("left", "right"), mode)
            assert reply.text == whole
            assert (reply.action in ("left", "right")) == (reply.status is ReplyStatus.OK)
            if reply.status is ReplyStatus.OK:
                assert whole.count("<answer>") == whole.count("</answer>") == 1
                forged = ("<|", "[INST]", "observation:", "reward:")
                assert not any(mark in whole.lower() for mark in forged)


def a_text_is_read_as_text(mission: str, observation: str) -> None:
    """It comes back whole from its tokens, and every mark of a turn in a prompt is the frame's."""
    for number, (tokenizer, frame) in enumerate(frames()):
        expected = as_utf8(observation)
        for mark in MARKS.get(number, ()):
            expected = expected.replace(mark, f"{mark[0]} {mark[1:]}")
        read = tokenizer.decode(frame.text(observation), clean_up_tokenization_spaces=False)
        assert read == expected
        system = system_text(mission, ("left", "right"))
        ids, _ = Conversation(frame, system, 100_000, 16).ask(observation)
        controls = set(tokenizer.all_special_ids)
        ours = (*frame.opening, *frame.first, *frame.reply)
        assert [id for id in ids if id in controls] == [id for id in ours if id in controls]
        prompt = tokenizer.decode(ids, clean_up_tokenization_spaces=False)
        assert all(prompt.count(mark) == 1 for mark in MARKS.get(number, ()))


def an_episode_is_one_line_that_comes_back(mission: str, observation: str, reply: str) -> None:
    episode = played(mission, observation, reply)
    with TemporaryDirectory() as folder:
        path = Path(folder, "episodes.jsonl")
        append_line(path, asdict(episode))
        append_line(path, {"next": reply})
        assert path.read_bytes().count(b"\n") == 2
        kept, following = read_lines(path)
    assert kept["mission"] == as_utf8(mission)
    assert {turn["reply"] for turn in kept["turns"]} == {as_utf8(reply)}
    assert all(turn["observation"].endswith(as_utf8(observation)) for turn in kept["turns"])
    assert [turn["prompt_ids"] for turn in kept["turns"]] == [
        list(turn.prompt_ids) for turn in episode.turns
    ]
    assert following == {"next": as_utf8(reply)}


def what_is_shown_commands_nothing(text: str) -> None:
    for one in (visible(text), *shown(text).split("\n")):
        assert one.isprintable() and len(one) < 10 * MOST
    for terminal in (False, True):
        out = io.StringIO()
        console = Console(file=out, force_terminal=terminal, color_system=None, width=80)
        sink = ConsoleSink(console)
        sink.note(text)
        sink.say(text)
        sink.show(Record("grpo", 0, {"alarms": [text]}))
        sink.close()
        if not terminal:
            show(console, *_live(text))
            said = out.getvalue().replace("\n", "")
            assert said.isprintable(), repr(said)
        else:  # the panel moves the cursor itself
            assert not set("\x07\x00\x9b\u202e\u2066\u200f") & set(out.getvalue())
            assert "\x1b]" not in out.getvalue() and "\x1b[31m" not in out.getvalue()


def _live(text: str) -> tuple[Any, Any]:
    """An episode and its turn that say this."""
    episode = played(text[:100], text[:100], text)
    return episode, episode.turns[0]


Property = Callable[..., None]
PROPERTIES: dict[Property, tuple[st.SearchStrategy[str], ...]] = {
    a_reply_moves_nothing_but_by_an_action_in_its_form: (TEXTS,),
    a_text_is_read_as_text: (TEXTS, TEXTS),
    an_episode_is_one_line_that_comes_back: (SHORT, SHORT, TEXTS),
    what_is_shown_commands_nothing: (TEXTS,),
}


def try_out(holds: Property, examples: int) -> None:
    settings(max_examples=examples)(given(*PROPERTIES[holds])(holds))()


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda one: one.__name__)
def test_hostile_text(holds: Property) -> None:
    try_out(holds, EXAMPLES)


@pytest.mark.slow
def test_a_hundred_thousand_hostile_texts() -> None:
    for holds in PROPERTIES:
        try_out(holds, MANY)
    command = "make test ARGS='-m slow tests/training/test_hostile_text.py'"
    keep(command, hostile_examples=MANY * len(PROPERTIES))
