"""One question to a chat API of OpenAI's protocol: asked until it is answered, or cannot be."""

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from random import uniform
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from envs.display import encodable

if TYPE_CHECKING:
    from openai import APIStatusError

logger = logging.getLogger(__name__)

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"
"""Sent to a server on this machine where no key is set."""
SECRET = 16
"""Characters from which on a key is one. Local servers are often given a word such as `EMPTY`."""

LONGEST_BACK_OFF = 30.0
LONGEST_WAIT = 120.0
"""Seconds that a provider may ask to wait; where it asks for more, the run ends."""
MOST_BYTES = 4 << 20
"""Of one reply."""
MOST_QUOTED = 200
"""Characters of what a provider said that an error quotes."""

Message = dict[str, str]
"""`role` (system, user or assistant) and `content`."""


class ProviderError(ValueError):
    """A provider that gives no answer: refused, unreachable, or nonsense each time."""


class Trouble(Exception):
    """One request that brought no answer, and what came in its place."""

    def __init__(self, what: str, *, again: bool = True, wait: float | None = None) -> None:
        """
        Args:
            what: came, in words; may quote the provider.
            again: whether asking again may help.
            wait: seconds the provider asks to wait before; None: it does not say.
        """
        super().__init__(what)
        self.again = again
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as the provider gave it."""

    text: str
    cut_off: bool
    """whether it ran into its limit of tokens"""
    input_tokens: int | None = None
    """of all messages; None where the provider does not say"""
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """Where to ask, and as whom."""

    base_url: str
    host: str
    """of the base URL, with its port: what messages call the provider"""
    local: bool
    """whether it is on this machine (loopback)"""
    key: str = field(repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """The provider that `OPENAI_BASE_URL` and `OPENAI_API_KEY` name.

        >>> Provider.of({"OPENAI_BASE_URL": "http://127.0.0.1:8000/v1/"}).host
        '127.0.0.1:8000'

        Raises:
            ValueError: if a key is missing, or one of the two cannot be used; says what to set.
        """
        base_url = (environment.get("OPENAI_BASE_URL") or OPENAI).strip().rstrip("/")
        try:
            address = urlsplit(base_url)
            host = address.hostname if address.scheme in ("http", "https") else None
            port = f":{address.port}" if address.port else ""
        except ValueError:
            host, port = None, ""
        if not host:
            raise ValueError("OPENAI_BASE_URL is no web address, such as http://127.0.0.1:8000/v1")
        if address.username or address.password:
            raise ValueError("OPENAI_BASE_URL holds a user name: set OPENAI_API_KEY in its place")
        key, local = (environment.get("OPENAI_API_KEY") or "").strip(), _is_loopback(host)
        if not key and not local:
            raise ValueError(
                f"{host} asks for a key: set the environment variable OPENAI_API_KEY; and for "
                "another provider, or a server of your own, OPENAI_BASE_URL"
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ValueError("OPENAI_API_KEY holds characters that no key has: copy it anew")
        return cls(base_url, host + port, local, key or NO_KEY)


class Pace:
    """So many requests a minute, evenly spaced; for all threads together."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`per_minute`: 0 is no limit. `clock`: seconds."""
        self._apart = 60 / per_minute if per_minute else 0.0
        self._clock = clock
        self._next = float("-inf")
        self._lock = Lock()

    def turn(self) -> float:
        """Take the next free place, and tell the seconds until it comes."""
        with self._lock:
            now = self._clock()
            place = max(now, self._next)
            self._next = place + self._apart
            return place - now


class ChatClient:
    """Asks a provider for replies of one model. Threads may share it."""

    def __init__(
        self,
        model: str,
        provider: Provider,
        *,
        timeout_seconds: float,
        retries: int,
        back_off_seconds: float,
        pace: Pace,
    ) -> None:
        """
        Args:
            model: the provider's name for it.
            provider: who is asked.
            timeout_seconds: the longest that one request may take.
            retries: how often a question is asked again that brought no answer.
            back_off_seconds: the wait before the first of them; before each other it doubles.
            pace: tells each request when it may go.

        Raises:
            ValueError: if the package openai is not installed.
        """
        try:
            import httpx2
            import openai
        except ImportError as error:
            raise ValueError("a chat API needs the package openai: pip install openai") from error
        self.model = model
        self.provider = provider
        self.timeout_seconds = timeout_seconds
        self.retries = retries
        self.back_off_seconds = back_off_seconds
        self.pace = pace
        # Retries are ours, so that nonsense and refusals count alike. A redirect would carry the
        # texts to another host, and no proxy leads to this machine itself.
        self._http = openai.DefaultHttpxClient(
            follow_redirects=False, trust_env=not provider.local, timeout=timeout_seconds
        )
        self._openai = openai.OpenAI(
            api_key=provider.key,
            base_url=provider.base_url,
            timeout=timeout_seconds,
            max_retries=0,
            http_client=self._http,
        )
        self._refused = openai.APIStatusError
        self._timed_out = (openai.APITimeoutError, httpx2.TimeoutException)
        self._broken = (openai.APIConnectionError, httpx2.HTTPError)
        self._length = "max_tokens"

    def ask(
        self,
        messages: Sequence[Message],
        parameters: Mapping[str, float],
        max_tokens: int,
        *,
        stop: Event,
        before: Callable[[], None],
    ) -> Answer:
        """The reply to a conversation.

        Args:
            messages: what was said so far.
            parameters: how the reply is drawn, by the protocol's names.
            max_tokens: the most that a reply may have.
            stop: once set, nothing is asked again.
            before: called before each request; what it raises ends the asking.

        Raises:
            ProviderError: if there is none; says what came in its place.
        """
        for asked in range(1, self.retries + 2):
            if stop.wait(self.pace.turn()):
                raise ProviderError(f"{self.provider.host} was not asked: the run is stopping")
            before()
            try:
                answer = self._ask_once(messages, parameters, max_tokens)
                return replace(answer, text=self._without_key(encodable(answer.text)))
            except Trouble as trouble:
                what, last = self._quoted(str(trouble)), asked > self.retries or not trouble.again
                wait = self._back_off(asked) if trouble.wait is None else trouble.wait
            if not last:
                logger.info("%s: %s; asked again in %.1f s", self.provider.host, what, wait)
            if last or stop.wait(wait):
                break
        times = "once" if asked == 1 else f"{asked} times"
        raise ProviderError(
            f"{self.provider.host} gave no reply of the model {self.model}: asked {times}, and "
            f"last came {what}"
        )

    def _ask_once(
        self, messages: Sequence[Message], parameters: Mapping[str, float], max_tokens: int
    ) -> Answer:
        length, deadline = self._length, time.monotonic() + self.timeout_seconds
        asked: dict[str, Any] = {"messages": list(messages), **parameters, length: max_tokens}
        try:
            # Read piece by piece: a time-out of the network's is one between two pieces, and a
            # provider may send blanks for ever.
            with self._openai.chat.completions.with_streaming_response.create(
                model=self.model, **asked
            ) as reply:
                return read_answer(_body(reply.iter_bytes(), deadline))
        except self._refused as error:
            if length == "max_tokens" and "max_completion_tokens" in str(error):
                self._length = "max_completion_tokens"  # models that reason know no other name
            else:
                raise _refusal(error) from None
        except (TimeoutError, *self._timed_out):
            raise Trouble(f"nothing within {self.timeout_seconds:g} seconds") from None
        except self._broken as error:
            reason = error.__cause__ or error
            raise Trouble(f"a broken connection ({type(reason).__name__}: {reason})") from None
        return self._ask_once(messages, parameters, max_tokens)

    def _back_off(self, asked: int) -> float:
        """Seconds to wait, a little less at random, so that threads do not return together."""
        longest = min(self.back_off_seconds * 2.0 ** min(asked - 1, 16), LONGEST_BACK_OFF)
        return longest * uniform(0.75, 1)

    def _quoted(self, text: str) -> str:
        """What a provider said, in one line and without the key, which it may send back."""
        line = " ".join(self._without_key(text).split())
        return line if len(line) <= MOST_QUOTED else f"{line[:MOST_QUOTED]} ..."

    def _without_key(self, text: str) -> str:
        key = self.provider.key
        return text.replace(key, "[key]") if len(key) >= SECRET else text


def read_answer(body: bytes) -> Answer:
    """The first choice of a reply of the protocol; no text in it counts as an empty one.

    Raises:
        Trouble: if it is none.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        said = body.decode(errors="replace")
        raise Trouble(f"a reply that is no JSON: {said!r}") from None
    match told:
        case {"choices": [{"message": dict(message), **choice}, *_]}:
            text = message.get("content") or ""
        case {"error": error}:
            raise Trouble(f"an error in place of a reply: {error}")
        case _:
            raise Trouble(f"a reply without choices: {told}")
    if not isinstance(text, str):
        raise Trouble(f"a reply that is no text: {text}")
    cut_off = choice.get("finish_reason") == "length"
    match told.get("usage"):
        case {"prompt_tokens": int(read), "completion_tokens": int(written)} if (
            min(read, written) >= 0
        ):
            return Answer(text, cut_off, read, written)
    return Answer(text, cut_off)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a `Retry-After` header asks to wait: a number or a date; None without one.

    >>> retry_after({"retry-after": "2.5"}, now=0.0)
    2.5
    >>> retry_after({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, now=4.0)
    6.0
    """
    asked = headers.get("retry-after", "")
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = max(0.0, parsedate_to_datetime(asked).timestamp() - now)
        except (ValueError, OverflowError, OSError):
            return None
    return seconds if seconds >= 0 else None


def _refusal(error: "APIStatusError") -> Trouble:
    """What a status that is no success means."""
    body, status = error.body, error.status_code
    came = f"status {status}"
    if status in (401, 403):
        came += ", the key is refused: check OPENAI_API_KEY"
    elif status == 404:
        came += ", it knows no such model, or OPENAI_BASE_URL is not its whole address"
    elif 300 <= status < 400:
        came += ", it sends elsewhere: set OPENAI_BASE_URL to where it is now"
    said = body.get("message") if isinstance(body, dict) else None
    came += f" ({said or error.response.text or 'no word of why'})"
    if status not in (408, 409, 429) and status < 500:
        return Trouble(came, again=False)
    wait = retry_after(error.response.headers, time.time())
    if wait is not None and wait > LONGEST_WAIT:
        return Trouble(f"the wish to be left alone for {wait:.0f} seconds, {came}", again=False)
    return Trouble(came, wait=wait)


def _body(pieces: Iterable[bytes], deadline: float) -> bytes:
    """All of a reply's body.

    Raises:
        TimeoutError: if it has not ended at the deadline.
        Trouble: if it is longer than replies are.
    """
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > MOST_BYTES:
            raise Trouble(f"a reply of more than {MOST_BYTES:,} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(body)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
