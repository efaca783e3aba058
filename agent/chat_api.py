"""The policy that is a remote chat API: any provider or server that speaks OpenAI's protocol.

What it costs is counted against a limit that stops the run. What was paid for is kept on disk, so
that an interrupted run goes on where it was and pays nothing twice.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Lock
from types import MappingProxyType
from typing import Any

from agent.chat_client import Answer, ChatClient, Message, Pace, Provider, ProviderError
from agent.conversation import note, remember
from agent.language_policy import Sampling
from agent.policies import LiveEpisode, Response
from agent.prompts import Example, mission_text, system_text
from agent.replies import ANSWER_END, ReplyMode
from agent.reply_cache import ReplyCache, key_of
from envs.display import encodable

__all__ = ["ChatPolicy", "ChatSettings", "ProviderError", "SpentError", "Usage"]

logger = logging.getLogger(__name__)

PREFIX = "api:"
"""Before the model's name, where policies are named."""


class SpentError(ProviderError):
    """The run has cost as much as it may."""


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """How a provider is asked, and what that may cost.

    Limits are those of one policy, in one run: replies from disk count for nothing, and requests in
    flight when a limit is reached are still paid for.
    """

    timeout_seconds: float = 60.0
    """the longest that one request may take"""
    retries: int = 5
    """how often a question is asked again that brought no answer"""
    back_off_seconds: float = 0.5
    """the wait before the first retry, where the provider names none; each time it doubles"""
    at_once: int = 8
    """requests in flight"""
    requests_per_minute: float = 0.0
    """no more than so many, retries included; 0: no limit"""
    max_cost: float | None = None
    """stop the run at this cost, in the currency of the prices"""
    input_price: float = 0.0
    """of a million tokens that the model reads"""
    output_price: float = 0.0
    """of a million tokens that it writes"""
    max_tokens_in_all: int | None = None
    """stop the run at so many tokens, read and written"""
    cache: Path | None = None
    """the file that keeps the replies; None: an interrupted run pays again"""

    def __post_init__(self) -> None:
        if not self.timeout_seconds > 0:
            raise ValueError(f"timeout_seconds must be above 0, got {self.timeout_seconds}")
        if self.retries < 0:
            raise ValueError(f"retries must be 0 or more, got {self.retries}")
        if self.at_once < 1:
            raise ValueError(f"at_once must be at least 1, got {self.at_once}")
        for name in ("back_off_seconds", "requests_per_minute", "input_price", "output_price"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")
        for name in ("max_cost", "max_tokens_in_all"):
            if (most := getattr(self, name)) is not None and not most > 0:
                raise ValueError(f"{name} must be above 0, got {most}; None is no limit")
        if self.max_cost is not None and not self.input_price + self.output_price:
            raise ValueError("max_cost needs prices to count with: input_price and output_price")


@dataclass(frozen=True, slots=True)
class Usage:
    """What was asked so far, and what it cost."""

    requests: int = 0
    """replies that a provider gave"""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    cached: int = 0
    """replies that were on disk; they cost nothing"""

    @property
    def tokens(self) -> int:
        """Read and written."""
        return self.input_tokens + self.output_tokens


class ChatPolicy:
    """Reads and writes text through a provider; the environment says where and as whom.

    `OPENAI_BASE_URL` is where (OpenAI itself where it is not set), `OPENAI_API_KEY` the key; a
    server on this machine needs none. Responses hold no tokens: those are the provider's own.

    Attributes:
        usage: what this policy has asked and paid for so far, over all calls.
    """

    def __init__(
        self,
        model: str,
        settings: ChatSettings = ChatSettings(),
        sampling: Sampling | None = None,
        mode: ReplyMode = ReplyMode.THINK,
        examples: Mapping[str, tuple[Example, ...]] = MappingProxyType({}),
    ) -> None:
        """
        Args:
            model: the provider's name for it.
            settings: how the provider is asked.
            sampling: how replies are drawn, and how many turns are shown; None: as is usual.
            mode: what replies hold.
            examples: what an episode opens with beside its mission, by its task's name.

        Raises:
            ValueError: if the environment has no key, the package openai is missing, the protocol
                cannot do what `sampling` asks, or the cache cannot be used.
        """
        if not model:
            raise ValueError(f"'{PREFIX}' names no model: put the provider's name for it behind")
        sampling = sampling or Sampling()
        if sampling.top_k or sampling.context is not None:
            raise ValueError(
                "a chat API knows neither top_k nor context: leave them, or use top_p and history"
            )
        provider = Provider.of(os.environ)
        self.name = f"{PREFIX}{model}"
        self.mode = mode
        self.settings = settings
        self.sampling = sampling
        self.examples = examples
        self.usage = Usage()
        self._model = model
        self._provider = provider
        self._client = ChatClient(
            model,
            provider,
            timeout_seconds=settings.timeout_seconds,
            retries=settings.retries,
            back_off_seconds=settings.back_off_seconds,
            pace=Pace(settings.requests_per_minute),
        )
        self._parameters = {"temperature": sampling.temperature}
        if sampling.top_p < 1:
            self._parameters["top_p"] = sampling.top_p
        self._cache = ReplyCache(settings.cache) if settings.cache else None
        self._counting = Lock()
        self._uncounted = False

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """One reply an episode, `at_once` of them asked for at a time.

        Where one fails, those in flight are waited for and kept, the others are not asked.

        Raises:
            SpentError: if the run has cost as much as it may.
            ProviderError: if the provider gives no reply.
            ValueError: if the cache cannot be used.
        """
        stop = Event()
        pool = ThreadPoolExecutor(self.settings.at_once)
        try:
            asked = [pool.submit(self._respond_to, one, stop) for one in live]
            done, _ = wait(asked, return_when=FIRST_EXCEPTION)
            failed = next((e for one in asked if one in done and (e := one.exception())), None)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
        if isinstance(failed, ProviderError):
            raise type(failed)(f"{failed}. {self._what_is_kept()}") from None
        if failed:
            raise failed
        return [one.result() for one in asked]

    def _respond_to(self, one: LiveEpisode, stop: Event) -> Response:
        """The reply from disk, or else the provider's."""
        shown = self.examples.get(one.start.task, ())
        opening = system_text(
            None if shown else one.mission,
            one.world.action_words,
            self.mode,
            numbered=self.sampling.numbered,
        )
        messages = conversation(opening, one, self.sampling, shown)
        key = self._key(one, messages)
        answer = self._kept(key)
        if answer is None:
            answer = self._client.ask(
                messages,
                self._parameters,
                self.sampling.max_reply_tokens,
                stop=stop,
                before=self._check_limits,
            )
            if self._cache:
                self._cache.put(key, asdict(answer))
            self._count(answer)
        return response(answer)

    def _key(self, one: LiveEpisode, messages: list[Message]) -> str:
        """Of a reply on disk: equal words in two episodes are two draws."""
        asked: dict[str, Any] = {
            "provider": self._provider.base_url,
            "model": self._model,
            "parameters": self._parameters,
            "max_tokens": self.sampling.max_reply_tokens,
            "messages": messages,
            "episode": [one.start.task, one.start.seed, one.member, len(one.turns)],
        }
        return key_of(asked)

    def _kept(self, key: str) -> Answer | None:
        value = self._cache.get(key) if self._cache else None
        if value is None:
            return None
        assert self._cache
        match value:
            case {
                "text": str(),
                "cut_off": bool(),
                "input_tokens": int() | None,
                "output_tokens": int() | None,
                **rest,
            } if not rest:
                with self._counting:
                    self.usage = _sum(self.usage, Usage(cached=1))
                return Answer(**value)
        raise self._cache.damaged("an entry is no reply")

    def _count(self, answer: Answer) -> None:
        """Add what a reply cost."""
        if answer.input_tokens is None or answer.output_tokens is None:
            paid = Usage(requests=1)
        else:
            read, written = answer.input_tokens, answer.output_tokens
            prices = self.settings.input_price, self.settings.output_price
            paid = Usage(1, read, written, (read * prices[0] + written * prices[1]) / 1e6)
        with self._counting:
            self.usage = _sum(self.usage, paid)
            first = answer.input_tokens is None and not self._uncounted
            self._uncounted |= first
        if first:
            logger.warning(
                "%s does not say how many tokens a reply took: they are not counted",
                self._provider.host,
            )

    def _check_limits(self) -> None:
        """
        Raises:
            SpentError: if a limit is reached.
        """
        used, settings = self.usage, self.settings
        if self._uncounted and (settings.max_cost or settings.max_tokens_in_all):
            raise SpentError(
                f"{self._provider.host} does not say how many tokens a reply took, so no limit can "
                "be kept: go on without max_cost and max_tokens_in_all"
            )
        if settings.max_cost is not None and used.cost >= settings.max_cost:
            raise SpentError(
                f"the run has cost {used.cost:.4g} and may cost {settings.max_cost:g}: set "
                "max_cost higher to go on"
            )
        if settings.max_tokens_in_all is not None and used.tokens >= settings.max_tokens_in_all:
            raise SpentError(
                f"the run has taken {used.tokens:,} tokens and may take "
                f"{settings.max_tokens_in_all:,}: set max_tokens_in_all higher to go on"
            )

    def _what_is_kept(self) -> str:
        if self._cache is None:
            return "No cache was set, so that another run pays for every reply again"
        return (
            f"What was answered is kept in {self._cache.path}: another run pays for the rest only"
        )


def conversation(
    opening: str, one: LiveEpisode, sampling: Sampling, examples: Sequence[Example] = ()
) -> list[Message]:
    """What a provider is sent: the opening, the turns that are shown, the new observation.

    Examples stand behind the opening, and the episode's mission then behind them.

    Before the first observation stands a memory of what fell out of sight, as in
    `agent.conversation.Conversation`.
    """
    forgotten = len(one.turns) - shown_turns(len(one.turns), sampling.history, sampling.kept)
    messages = [{"role": "system", "content": opening}]
    for example in examples:
        messages.append({"role": "user", "content": example.observation})
        messages.append({"role": "assistant", "content": example.reply})
    first = len(messages)
    for turn in one.turns[forgotten:]:
        messages.append({"role": "user", "content": turn.observation})
        messages.append({"role": "assistant", "content": turn.reply})
    messages.append({"role": "user", "content": one.observation})
    actions = [turn.action or "nothing" for turn in one.turns[:forgotten]]
    memory = remember(actions if sampling.memory else [])
    if sampling.note and one.turns and forgotten == len(one.turns):
        memory += note(one.turns[-1].thought, one.turns[-1].action)
    mission = mission_text(one.mission) if examples else ""
    messages[first]["content"] = mission + memory + messages[first]["content"]
    return [message | {"content": encodable(message["content"])} for message in messages]


def shown_turns(played: int, history: int | None, kept: int | None = None) -> int:
    """How many of the turns played are shown: as many as in a segment of a mind of one's own.

    >>> [shown_turns(played, history=4, kept=2) for played in range(8)]
    [0, 1, 2, 3, 2, 3, 2, 3]
    >>> [shown_turns(played, history=2) for played in range(4)]
    [0, 1, 2, 2]
    """
    if history is None or played < history:
        return played
    kept = history if kept is None else kept
    return kept + (played - history) % max(history - kept, 1)


def response(answer: Answer) -> Response:
    """An answer as a policy's response: what follows its first `</answer>` is not its turn."""
    text, end, _ = answer.text.partition(ANSWER_END)
    read, wrote = answer.input_tokens, answer.output_tokens
    counted = None if read is None or wrote is None else (read, wrote)
    return Response(text + end, truncated=answer.cut_off and not end, counted=counted)


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.requests + other.requests,
        one.input_tokens + other.input_tokens,
        one.output_tokens + other.output_tokens,
        one.cost + other.cost,
        one.cached + other.cached,
    )
