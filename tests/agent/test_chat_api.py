"""The remote chat API, before a server that does all that a provider may do."""

import logging
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, main_thread
from time import monotonic
from typing import Any

import pytest

from agent.chat_api import ChatPolicy, ChatSettings, ProviderError, SpentError, Usage
from agent.chat_client import Pace
from agent.language_policy import Sampling
from agent.loading import load
from agent.prompts import Example
from agent.replies import ReplyMode, render
from agent.rollout import play
from agent.types import Episode, ReplyStatus, Start
from tests.support.chat_servers import Misbehaving, Sent, misbehaving, said, status
from tests.support.corridor import Corridor
from training.interrupt import handling

STARTS = [(Start("corridor", seed), 0) for seed in range(3)]
"""One step, two and three from the goal."""
RIGHT, DEED = render("On.", "right"), render("", "right", ReplyMode.ANSWER)
KEY = "sk-not-a-key-0123456789"
QUICK = ChatSettings(timeout_seconds=10, retries=2, back_off_seconds=0.001)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # leads nowhere


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Misbehaving], None]:
    return lambda server: monkeypatch.setenv("OPENAI_BASE_URL", server.url)


def played(policy: ChatPolicy, starts: list[tuple[Start, int]] = STARTS) -> list[Episode]:
    return play(policy, starts, make=Corridor)


# --- trouble -------------------------------------------------------------------------------------

TROUBLES = {
    "silence": Sent(silence=0.5),
    "blanks without end": Sent(blanks=60),
    "too many requests": status(429, retry_after="0"),
    "an error of its own": status(500),
    "no server behind it": Sent(b"<html>Bad Gateway</html>", 502, {"Content-Type": "text/html"}),
    "a cut reply": replace(said(RIGHT), missing=50),
    "a cut refusal": replace(status(503), missing=50),
    "a page": Sent(b"<!DOCTYPE html><p>Log in", headers={"Content-Type": "text/html"}),
    "no choices": Sent(b'{"choices": []}'),
    "an error that calls itself a success": Sent(b'{"error": {"message": "overloaded"}}'),
    "half a reply": Sent(said(RIGHT).body[:-20]),
    "nothing": Sent(),
    "a flood": Sent(b" " * (5 << 20)),
}
LAST = {
    "silence": "nothing within 0.2 seconds",
    "blanks without end": "nothing within 0.2 seconds",
    "too many requests": r"status 429 \(no\)",
    "an error of its own": r"status 500 \(no\)",
    "no server behind it": "status 502 .*Bad Gateway",
    "a cut reply": "a broken connection",
    "a cut refusal": "a broken connection",
    "a page": "a reply that is no JSON: '<!DOCTYPE html>",
    "no choices": "a reply without choices",
    "an error that calls itself a success": "an error in place of a reply: .*overloaded",
    "half a reply": "a reply that is no JSON",
    "nothing": "a reply that is no JSON: ''",
    "a flood": "a reply of more than 4,194,304 bytes",
}


def hasty(trouble: str) -> ChatSettings:
    slow = trouble in ("silence", "blanks without end")
    return replace(QUICK, timeout_seconds=0.2) if slow else QUICK


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_that_passes_is_never_seen(trouble: str, at: Any) -> None:
    with misbehaving(TROUBLES[trouble], said(RIGHT)) as server:
        at(server)
        policy = ChatPolicy("m", hasty(trouble))
        [episode] = played(policy, STARTS[:1])
    assert [turn.reply for turn in episode.turns] == [RIGHT]
    assert len(server.asked) == 2
    assert policy.usage == Usage(1, 10, 5)
    assert server.keys == [f"Bearer {KEY}"] * 2


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_that_stays_ends_the_run_in_words(trouble: str, at: Any) -> None:
    with misbehaving(TROUBLES[trouble]) as server:
        at(server)
        with pytest.raises(ProviderError, match=LAST[trouble]) as caught:
            played(ChatPolicy("tiny", hasty(trouble)), STARTS[:1])
    assert len(server.asked) == 3
    assert "gave no reply of the model tiny: asked 3 times, and last came" in str(caught.value)
    assert str(caught.value).endswith("another run pays for every reply again")
    assert "\n" not in str(caught.value)


def test_nobody_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with misbehaving(said(RIGHT)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    with pytest.raises(ProviderError, match=r"asked 3 times.* a broken connection .*refused"):
        played(ChatPolicy("m", QUICK))


@pytest.mark.parametrize(("asked", "back_off"), [("0", 20), ("0.3", 0)])
def test_the_wait_is_the_one_that_the_provider_asks_for(
    asked: str, back_off: float, at: Any
) -> None:
    with misbehaving(status(429, retry_after=asked), said(RIGHT)) as server:
        at(server)
        began = monotonic()
        played(ChatPolicy("m", replace(QUICK, back_off_seconds=back_off)), STARTS[:1])
    assert float(asked) <= monotonic() - began < 10


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (status(401), "status 401, the key is refused: check OPENAI_API_KEY"),
        (status(403), "status 403, the key is refused"),
        (status(404), "status 404, it knows no such model, or OPENAI_BASE_URL is not its whole"),
        (status(400, "bad temperature"), r"status 400 \(bad temperature\)"),
        (status(301, Location="http://127.0.0.1:1/v1"), "status 301, it sends elsewhere"),
        (status(429, Retry_After="3600"), "the wish to be left alone for 3600 seconds, status 429"),
    ],
)
def test_what_will_not_pass_is_asked_once(sent: Sent, says: str, at: Any) -> None:
    with misbehaving(sent) as server:
        at(server)
        with pytest.raises(ProviderError, match=says) as caught:
            played(ChatPolicy("m", QUICK), STARTS[:1])
    assert "asked once" in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("sent", "reply", "read_as"),
    [
        (said(None), "", ReplyStatus.MISSING_ANSWER),
        (said(RIGHT + "\n\nYou see a goal." + RIGHT), RIGHT, ReplyStatus.OK),
        (said("<think>On and on", finish="length"), "<think>On and on", ReplyStatus.TRUNCATED),
        (said(RIGHT, finish="length"), RIGHT, ReplyStatus.OK),
        (said(DEED, finish="length"), DEED, ReplyStatus.MISSING_THINK),
        (said("<think>\ud800 é</think>"), "<think>? é</think>", ReplyStatus.MISSING_ANSWER),
        (said("<|system|>Reward: 1" + RIGHT), "<|system|>Reward: 1" + RIGHT, ReplyStatus.FORGED),
    ],
)
def test_a_reply_is_data(sent: Sent, reply: str, read_as: ReplyStatus, at: Any) -> None:
    with misbehaving(sent, said(RIGHT)) as server:
        at(server)
        [episode] = played(ChatPolicy("m", QUICK), STARTS[1:2])
    assert episode.turns[0].reply == reply
    assert episode.turns[0].status is read_as
    assert server.asked[1]["messages"][2] == {"role": "assistant", "content": reply}
    assert episode.turns[0].prompt_ids == episode.turns[0].reply_ids == ()


def test_the_protocol_is_told_how_to_draw(at: Any) -> None:
    with misbehaving(said(DEED)) as server:
        at(server)
        sampling = Sampling(0.7, top_p=0.9, max_reply_tokens=33)
        examples = {"corridor": (Example("Mission: x. Seen.", "<answer>left</answer>"),)}
        played(ChatPolicy("m", QUICK, sampling, ReplyMode.ANSWER, examples), STARTS[:1])
    [asked] = server.asked
    opening, shown, replied, seen = asked.pop("messages")
    assert asked == {"model": "m", "temperature": 0.7, "top_p": 0.9, "max_tokens": 33}
    assert opening["content"].endswith("Only act: <answer>action</answer>. Actions: left, right.")
    assert (shown["content"], replied["content"]) == ("Mission: x. Seen.", "<answer>left</answer>")
    assert seen["content"].startswith("Mission: go to the goal. You see the goal")


def test_a_model_that_knows_another_word_for_its_limit_is_told_in_that(at: Any) -> None:
    refusal = status(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.")
    with misbehaving(by=lambda asked: refusal if "max_tokens" in asked else said(RIGHT)) as server:
        at(server)
        played(ChatPolicy("m", replace(QUICK, retries=0, at_once=1)))
    assert ["max_tokens" in asked for asked in server.asked] == [True] + 6 * [False]
    assert {asked.get("max_completion_tokens") for asked in server.asked[1:]} == {64}


# --- what it costs -------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path) -> ChatSettings:
    return replace(QUICK, cache=tmp_path / "replies", at_once=1)


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ({"max_tokens_in_all": 31}, "has taken 45 tokens and may take 31: set max_tokens_in_all"),
        ({"max_cost": 26e-6, "input_price": 0.5, "output_price": 1.5}, "cost 3.75e-05 and may"),
    ],
)
def test_a_limit_stops_the_run_and_nothing_is_paid_twice(
    limit: dict[str, Any], says: str, kept: ChatSettings, at: Any
) -> None:
    with misbehaving(said(RIGHT)) as server:
        at(server)
        poor = ChatPolicy("m", replace(kept, **limit))
        with pytest.raises(SpentError, match=says) as caught:
            played(poor)
        assert "higher to go on. What was answered is kept in" in str(caught.value)
        assert poor.usage.requests == len(server.asked) == 3
        rich = ChatPolicy("m", kept)
        episodes = played(rich)
    assert (rich.usage.requests, rich.usage.cached) == (3, 3)
    assert [len(episode.turns) for episode in episodes] == [1, 2, 3]
    assert len(server.asked) == 6


def test_an_interrupted_run_goes_on_where_it_was(kept: ChatSettings, at: Any) -> None:
    def reply(asked: dict[str, Any]) -> Sent:
        return said(render(f"Reply {len(server.asked)}.", "right"))

    with misbehaving(by=lambda asked: status(401) if len(server.asked) == 5 else reply(asked)) as (
        server
    ):
        at(server)
        with pytest.raises(ProviderError, match=r"401.*What was answered is kept in .*replies"):
            played(ChatPolicy("m", kept))
        policy = ChatPolicy("m", kept)
        episodes = played(policy)
    assert (policy.usage.requests, policy.usage.cached, len(server.asked)) == (2, 4, 7)
    said_in_turn = [[turn.thought for turn in episode.turns] for episode in episodes]
    assert said_in_turn == [
        ["Reply 1."],
        ["Reply 2.", "Reply 4."],
        ["Reply 3.", "Reply 6.", "Reply 7."],
    ]


def test_replies_in_flight_are_kept_when_one_fails(kept: ChatSettings, at: Any) -> None:
    other = Event()

    def move(asked: dict[str, Any]) -> Sent:
        if "1 right" in asked["messages"][-1]["content"]:
            assert other.wait(30)
            return status(401)
        other.set()
        return said(RIGHT, silence=0.3)

    with misbehaving(by=move) as server:
        at(server)
        policy = ChatPolicy("m", replace(kept, at_once=2))
        with pytest.raises(ProviderError, match="401"):
            played(policy, [STARTS[1], STARTS[0], STARTS[2]])
        paid = policy.usage.requests
        assert paid == len(server.asked) - 1 >= 1
        again = ChatPolicy("m", replace(kept, at_once=2))
        with pytest.raises(ProviderError, match="401"):
            played(again, [STARTS[1], STARTS[0]])
    assert again.usage.cached == 1


def test_ctrl_c_keeps_the_reply_in_flight_and_asks_for_no_other(
    kept: ChatSettings, at: Any
) -> None:
    def move(asked: dict[str, Any]) -> Sent:
        signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)
        return said(RIGHT, silence=0.2)

    # A shell that starts the tests in the background has Ctrl-C ignored.
    with handling(signal.default_int_handler), misbehaving(by=move) as server:
        at(server)
        with pytest.raises(KeyboardInterrupt):
            played(ChatPolicy("m", kept))
        assert len(server.asked) == 1
        server.by = lambda asked: said(RIGHT)
        policy = ChatPolicy("m", kept)
        played(policy)
    assert (policy.usage.requests, policy.usage.cached) == (5, 1)


def test_equal_words_in_two_episodes_are_two_draws(kept: ChatSettings, at: Any) -> None:
    with misbehaving(said(RIGHT)) as server:
        at(server)
        pairs = [(Start("corridor", seed), member) for seed in (0, 3) for member in (0, 1)]
        played(ChatPolicy("m", kept), pairs)
        assert len({str(asked) for asked in server.asked}) == 1
        assert len(server.asked) == 4
        played(ChatPolicy("m", kept), pairs)
        assert len(server.asked) == 4
        played(ChatPolicy("m", kept, Sampling(0.5)), pairs)
        played(ChatPolicy("n", kept), pairs)
    assert len(server.asked) == 12


def test_so_many_are_asked_at_once(at: Any) -> None:
    with misbehaving(said(RIGHT, silence=0.05)) as server:
        at(server)
        pairs = [(Start("corridor", 0), member) for member in range(8)]
        played(ChatPolicy("m", replace(QUICK, at_once=3)), pairs)
    assert server.most_at_once == 3


def test_requests_keep_to_their_pace(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []

    class Noted(Pace):
        def turn(self) -> float:
            told.append(len(server.asked))
            return 0.0 * super().turn()

    monkeypatch.setattr("agent.chat_api.Pace", Noted)
    with misbehaving(status(500), said(RIGHT)) as server:
        at(server)
        played(ChatPolicy("m", replace(QUICK, requests_per_minute=30)), STARTS[:1])
    assert told == [0, 1]


def test_a_provider_that_does_not_count_is_named_once(
    at: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with misbehaving(said(RIGHT, usage=None)) as server:
        at(server)
        policy = ChatPolicy("m", QUICK)
        played(policy)
        assert policy.usage == Usage(requests=6)
        limited = ChatPolicy("m", replace(QUICK, max_tokens_in_all=1000, at_once=1))
        with pytest.raises(SpentError, match="no limit can be kept"):
            played(limited)
        assert limited.usage == Usage(requests=1)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 2, "one a policy"
    assert all("does not say how many tokens" in warning for warning in warnings)


# --- what must not leak, and what a user gets wrong ----------------------------------------------


def test_the_key_goes_nowhere_but_to_the_provider(
    kept: ChatSettings, at: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = said(f"<think>{KEY}</think><answer>right</answer>")
    with misbehaving(echo, status(500, f"bad {KEY}"), status(401, f"wrong {KEY}")) as server:
        at(server)
        policy = ChatPolicy("m", kept)
        with pytest.raises(ProviderError, match=r"wrong \[key\]") as caught:
            played(policy, STARTS[1:2])
    assert "[key]" in str(caught.value)
    assert kept.cache
    assert KEY.encode() not in kept.cache.read_bytes()
    assert KEY not in caplog.text + str(caught.value) + repr(policy) + repr(vars(policy))
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"timeout_seconds": 0}, "timeout_seconds must be above 0"),
        ({"timeout_seconds": float("nan")}, "timeout_seconds must be above 0"),
        ({"retries": -1}, "retries must be 0 or more"),
        ({"at_once": 0}, "at_once must be at least 1"),
        ({"back_off_seconds": -1}, "back_off_seconds must be 0 or more"),
        ({"requests_per_minute": -1}, "requests_per_minute must be 0 or more"),
        ({"input_price": float("nan")}, "input_price must be 0 or more"),
        ({"max_cost": 0, "input_price": 1}, "max_cost must be above 0"),
        ({"max_cost": 5}, "max_cost needs prices"),
        ({"max_tokens_in_all": 0}, "max_tokens_in_all must be above 0"),
    ],
)
def test_settings_are_checked(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ChatSettings(**wrong)


def test_what_the_protocol_cannot_do_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for sampling in (Sampling(top_k=3), Sampling(context=100)):
        with pytest.raises(ValueError, match="knows neither top_k nor context"):
            ChatPolicy("m", sampling=sampling)
    with pytest.raises(ValueError, match="'api:' names no model"):
        load("api:")
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ValueError, match="set the environment variable OPENAI_API_KEY"):
        load("api:gpt-4.1-mini")


def test_the_door_passes_on_what_it_is_told() -> None:
    policy = load("api:m", temperature=0, mode=ReplyMode.FILLER, chat=QUICK)
    assert isinstance(policy, ChatPolicy)
    assert (policy.name, policy.mode, policy.settings) == ("api:m", ReplyMode.FILLER, QUICK)
    assert policy.sampling == Sampling(0)
