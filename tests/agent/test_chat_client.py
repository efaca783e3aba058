"""One question to a chat API, without a network: where to ask, when, and what came back."""

import json
import sys

import pytest

from agent.chat_client import (
    OPENAI,
    Answer,
    ChatClient,
    Pace,
    Provider,
    Trouble,
    read_answer,
    retry_after,
)

KEY = "sk-0123456789abcdef"


def environment(base_url: str = "", key: str = "") -> dict[str, str]:
    return {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": key}


def test_the_environment_names_the_provider() -> None:
    assert Provider.of({"OPENAI_API_KEY": KEY}).base_url == OPENAI
    other = Provider.of(environment(" https://models.example:8443/v1/ ", f"{KEY}\n"))
    assert (other.base_url, other.host) == (
        "https://models.example:8443/v1",
        "models.example:8443",
    )
    assert (other.key, other.local) == (KEY, False)
    assert KEY not in repr(other)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:1", "[::1]:8000", "127.9.9.9"])
def test_this_machine_asks_for_no_key(host: str) -> None:
    assert Provider.of(environment(f"http://{host}/v1")).local


@pytest.mark.parametrize(
    ("base_url", "key", "says"),
    [
        ("", "", "api.openai.com asks for a key: set the environment variable OPENAI_API_KEY"),
        ("http://10.0.0.7/v1", "", "10.0.0.7 asks for a key"),
        ("http://localhost.example/v1", "", "localhost.example asks for a key"),
        ("http://127.0.0.1.example/v1", "", "127.0.0.1.example asks for a key"),
        ("127.0.0.1:8000", KEY, "OPENAI_BASE_URL is no web address"),
        ("file:///etc/passwd", KEY, "OPENAI_BASE_URL is no web address"),
        ("http://127.0.0.1:port/v1", KEY, "OPENAI_BASE_URL is no web address"),
        ("http://[::1/v1", KEY, "OPENAI_BASE_URL is no web address"),
        (f"https://me:{KEY}@models.example/v1", "", "OPENAI_BASE_URL holds a user name"),
        ("", f"{KEY}…", "OPENAI_API_KEY holds characters that no key has"),
        ("", f"{KEY}\nX: y", "OPENAI_API_KEY holds characters that no key has"),
        ("", f"{KEY} ", ""),
    ],
)
def test_what_the_environment_lacks_is_said_without_the_key(
    base_url: str, key: str, says: str
) -> None:
    if not says:
        assert Provider.of(environment(base_url, key)).key == KEY
        return
    with pytest.raises(ValueError, match=r"^[^\n]*$") as caught:
        Provider.of(environment(base_url, key))
    assert says in str(caught.value)
    assert KEY not in str(caught.value)


def test_the_package_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ValueError, match="needs the package openai: pip install openai"):
        ChatClient(
            "m",
            Provider.of(environment(key=KEY)),
            timeout_seconds=1,
            retries=0,
            back_off_seconds=0,
            pace=Pace(0),
        )


def test_requests_are_spaced_evenly_and_no_place_is_saved_up() -> None:
    now = [100.0]
    pace = Pace(30, clock=lambda: now[0])
    assert [pace.turn() for _ in range(4)] == [0, 2, 4, 6]
    now[0] = 103
    assert pace.turn() == 5
    now[0] = 200
    assert [pace.turn() for _ in range(2)] == [0, 2]


def test_without_a_limit_nobody_waits() -> None:
    pace = Pace(0, clock=lambda: 7.0)
    assert [pace.turn() for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("0", 0),
        ("1.5", 1.5),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 50),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0),
        ("inf", float("inf")),
        ("-3", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Thu, 99 Jan 1970", None),
    ],
)
def test_a_wait_is_a_number_or_a_date(asked: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": asked}, now=10.0) == seconds


def told(message: object, **more: object) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], **more}).encode()


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (told({"content": "hi"}), Answer("hi", False)),
        (told({"content": None}), Answer("", False)),
        (told({}), Answer("", False)),
        (told({"content": "hi"}).replace(b"stop", b"length"), Answer("hi", True)),
        (told({"content": "a"}, usage={"prompt_tokens": 3, "completion_tokens": 0}),
         Answer("a", False, 3, 0)),
        (told({"content": "a"}, usage=None), Answer("a", False)),
        (told({"content": "a"}, usage={"prompt_tokens": -3, "completion_tokens": 1}),
         Answer("a", False)),
        (told({"content": "a"}, usage={"prompt_tokens": "3", "completion_tokens": 1e9}),
         Answer("a", False)),
        (b"\n \n" + told({"content": "late"}), Answer("late", False)),
    ],
)  # fmt: skip
def test_a_reply_is_read(body: bytes, answer: Answer) -> None:
    assert read_answer(body) == answer


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "no JSON"),
        (b"<html>Bad gateway</html>", "no JSON: '<html>Bad gateway"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'data: {"choices": []}', "no JSON"),
        (b"[]", "without choices"),
        (b"null", "without choices"),
        (b'{"choices": []}', "without choices"),
        (b'{"choices": {}}', "without choices"),
        (b'{"choices": [{"text": "hi"}]}', "without choices"),
        (b'{"choices": [{"message": "hi"}]}', "without choices"),
        (b'{"error": {"message": "overloaded"}}', "an error in place of a reply: .*overloaded"),
        (told({"content": ["hi"]}), "no text"),
        (told({"content": 5}), "no text"),
    ],
)
def test_nonsense_is_told_from_a_reply(body: bytes, what: str) -> None:
    with pytest.raises(Trouble, match=what):
        read_answer(body)
