"""Batched sampling over live segments, each token computed once.

A segment is a conversation that only ever grows. The sampler keeps its keys and values between
calls, so that a turn costs the tokens observed and the tokens replied, whatever came before. The
next segment of an episode opens like the last one, and what is alike is kept, too. Token ids go in,
token ids and log-probabilities come out; texts stay outside.

Legend: `R` rows, `V` vocabulary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from agent.adapters import plain_copy, plain_weights
from agent.decoders import decoder_for
from agent.draws import draw
from agent.kv_cache import SlotCache
from agent.memory import as_memory_error
from agent.models import Mind
from agent.precision import precision_dtype
from agent.replies import ANSWER_END

OnToken = Callable[[int, int, float], object]
"""Told of each token as it is drawn: key, token, log-probability."""

READ_TOKENS = 8192
"""The most tokens, padding included, that one forward pass reads."""


@dataclass(frozen=True, slots=True)
class Request:
    """One row of a call.

    Example: `Request(7, (5, 12, 31), random.random(64))` appends three tokens to the segment of
    episode 7 (or opens its first) and draws at most 64 more.
    """

    key: int
    """which episode"""
    new_ids: Sequence[int]
    """tokens to append before the reply"""
    uniforms: np.ndarray | None = None
    """numbers in [0, 1): token `i` of the reply is drawn with the `i`-th; None: greedy"""
    opens_segment: bool = False
    """start anew with these tokens; what the episode's last segment began with is not read again"""


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote in answer to one request."""

    ids: tuple[int, ...]
    log_probs: tuple[float, ...]
    """natural logarithms, at the sampler's temperature (at 1 where that is 0)"""
    ended: bool
    """False: it ran into `max_new_tokens`"""


class StopRule:
    """Where a reply ends: at an end token, or where a stop text is complete.

    A stop text may lie across token boundaries, so the last tokens are read as text, but only when
    the newest one could complete it.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, end_ids: frozenset[int], texts: Sequence[str] = ()
    ) -> None:
        self._tokenizer = tokenizer
        self._texts = tuple(texts)
        self._end_ids = end_ids
        self._reach = max((len(text.encode()) for text in texts), default=0)
        last = tuple({text[-1] for text in texts})
        self._closing = frozenset(
            id for token, id in tokenizer.get_vocab().items() if any(sign in token for sign in last)
        )

    def __call__(self, ids: Sequence[int]) -> bool:
        """Whether the reply `ids` is complete, given that it was not one token before."""
        if ids[-1] in self._end_ids:
            return True
        if ids[-1] not in self._closing:
            return False
        tail = self._tokenizer.decode(list(ids[-self._reach :]), clean_up_tokenization_spaces=False)
        return any(text in tail for text in self._texts)


@dataclass(slots=True, eq=False)
class _Row:
    """The live segment of an episode."""

    key: int = -1
    slot: int = -1
    held: list[int] = field(default_factory=list)
    """tokens that the cache holds"""
    unread: tuple[int, ...] = ()
    """tokens of the segment that the model is still to read"""
    uniforms: list[float] | None = None
    ids: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    ended: bool = False

    @property
    def length(self) -> int:
        """How many tokens the cache holds."""
        return len(self.held)

    def ask(self, request: Request) -> None:
        """Starts on a new reply."""
        self.unread += tuple(request.new_ids)
        if request.opens_segment:
            # The last token is always read: its logits are what the reply begins with.
            shared = _shared(self.held, request.new_ids[:-1])
            self.held, self.unread = self.held[:shared], tuple(request.new_ids[shared:])
        self.uniforms = None if request.uniforms is None else request.uniforms.tolist()
        self.ids, self.log_probs, self.ended = [], [], False


class Sampler:
    """Samples from a copy of a mind's weights, taken when made and at each `refresh`.

    Rows lie in the first slots of the cache, so that a decode step reads views of it. A row whose
    reply has ended stays where it is, decoded in vain, until an eighth of the batch has ended;
    then those that go on are moved to the front and the batch shrinks.
    """

    def __init__(
        self,
        mind: Mind,
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        max_new_tokens: int = 64,
        precision: str = "fp32",
        stop: StopRule | None = None,
    ) -> None:
        """
        Args:
            mind: whose weights are sampled from, on their device.
            temperature: divides the logits; 0 is greedy, whatever a request says.
            top_k: draw among so many of the likeliest tokens; 0: among all.
            top_p: draw among the likeliest tokens that together have this probability; 1: all.
            max_new_tokens: the most tokens of one reply.
            precision: of the copy, `fp32` or `bf16`.
            stop: where replies end; by default at an end token or `</answer>`.
        """
        if temperature < 0:
            raise ValueError(f"temperature must be 0 or more, got {temperature}")
        if max_new_tokens < 1:
            raise ValueError(f"max_new_tokens must be at least 1, got {max_new_tokens}")
        self.temperature = temperature
        self.top_k, self.top_p = top_k, top_p
        self.max_new_tokens = max_new_tokens
        self.context = mind.context
        self.stop = stop or StopRule(mind.tokenizer, mind.end_ids, (ANSWER_END,))
        self._master = mind.model
        self._model = plain_copy(mind.model, precision_dtype(precision))
        self._device = self._model.device
        self._cache = SlotCache(self._model.config)
        self._decode = decoder_for(self._model)
        self._rows: dict[int, _Row] = {}

    @torch.no_grad()
    def refresh(self) -> None:
        """Takes over the mind's weights as they are now; segments start anew."""
        copies = dict(self._model.named_parameters())
        for name, weight in plain_weights(self._master):
            copies[name].copy_(weight)
        self._decode.refresh()
        self._rows = {}

    def holds(self, key: int) -> bool:
        """Whether the segment of this episode can be gone on with."""
        return key in self._rows

    @torch.inference_mode()
    def generate(
        self, requests: Sequence[Request], on_token: OnToken | None = None
    ) -> list[Completion]:
        """One reply a request, in their order, all drawn in one batch.

        A key of the last call goes on from what its segment holds, its reply included, or opens the
        next segment; any other key opens its first. Keys of the last call that are not asked for
        are forgotten.

        Raises:
            ValueError: for two equal keys, for a segment without a token, for one that has no
                room left in the context for a whole reply, or for too few uniforms.
            MemoryError: if memory is out; every segment is forgotten then.
        """
        self._check(requests)
        try:
            with as_memory_error():
                return self._generate(requests, on_token)
        except MemoryError:
            self._rows = {}
            self._cache.clear()
            raise

    def _generate(self, requests: Sequence[Request], on_token: OnToken | None) -> list[Completion]:
        rows = self._seat(requests)
        slots = sorted(rows, key=lambda row: row.slot)
        logits = self._read(slots) if rows else torch.empty(0)
        for step in range(self.max_new_tokens if rows else 0):
            self._draw(slots, logits, step, on_token)
            going = sum(not row.ended for row in slots)
            if not going or step + 1 == self.max_new_tokens:
                break
            if going <= len(slots) * 7 // 8:
                slots = self._shrink(slots, going)
            logits = self._step(slots)
        return [Completion(tuple(row.ids), tuple(row.log_probs), row.ended) for row in rows]

    def _check(self, requests: Sequence[Request]) -> None:
        """Refuses what cannot be answered, before anything has changed."""
        if len({request.key for request in requests}) < len(requests):
            raise ValueError("two requests of one call have the same key")
        for request in requests:
            row = _Row() if request.opens_segment else self._rows.get(request.key, _Row())
            held = row.length + len(row.unread) + len(request.new_ids)
            if not held or not len(row.unread) + len(request.new_ids):
                raise ValueError(f"segment {request.key} has no token to go on from")
            if held + self.max_new_tokens > self.context:
                raise ValueError(
                    f"segment {request.key} holds {held} tokens, which with a reply of "
                    f"{self.max_new_tokens} is more than the context of {self.context}: open a "
                    "new segment under a new key, or lower max_new_tokens"
                )
            if request.uniforms is not None and len(request.uniforms) < self.max_new_tokens:
                raise ValueError(
                    f"segment {request.key} came with {len(request.uniforms)} uniforms for a "
                    f"reply of up to {self.max_new_tokens} tokens"
                )

    def _seat(self, requests: Sequence[Request]) -> list[_Row]:
        """The rows of the requests, seated in the first slots of the cache."""
        rows = {one.key: self._rows.get(one.key, _Row(one.key)) for one in requests}
        self._rows = rows
        if all(row.slot < 0 for row in rows.values()):
            self._cache.clear()  # nothing is kept: memory follows what is alive
        for request in requests:
            rows[request.key].ask(request)
        seats = range(len(rows))
        free = sorted(set(seats) - {row.slot for row in rows.values()})
        moves = list(
            zip((row for row in rows.values() if row.slot not in seats), free, strict=True)
        )
        held = [(row, seat) for row, seat in moves if row.length]
        if held:
            self._cache.copy(
                [row.slot for row, _ in held],
                [seat for _, seat in held],
                max(row.length for row, _ in held),
            )
        for row, seat in moves:
            row.slot = seat
        return list(rows.values())

    def _read(self, slots: list[_Row]) -> Tensor:
        """Reads what the rows have not read yet; logits after the last token, fp32 `[R, V]`.

        Segments that open with the same tokens (a group has one start) are read once.
        """
        openings: dict[tuple[int, ...], _Row] = {}
        leader = {row: row if row.length else openings.setdefault(row.unread, row) for row in slots}
        self._cache.reserve(len(slots), max(row.length + len(row.unread) for row in slots) + 1)
        batches = _alike([row for row in slots if row is leader[row]])
        logits = torch.cat([self._step(batch) for batch in batches])
        place = {row: i for i, row in enumerate(row for batch in batches for row in batch)}
        followers = [row for row in slots if row is not leader[row]]
        if followers:
            self._cache.copy(
                [leader[row].slot for row in followers],
                [row.slot for row in followers],
                max(leader[row].length for row in followers),
            )
        for row in followers:
            row.held, row.unread = list(row.unread), ()
        return logits[[place[leader[row]] for row in slots]]

    def _step(self, rows: list[_Row]) -> Tensor:
        """Reads the unread tokens of rows in one forward pass; logits after them, fp32 `[R, V]`.

        Shorter rows are padded on the left (a row that has ended may be all padding). Padding is
        written where the row's next token will be, and attended to by padding alone.
        """
        longest = max(len(row.unread) for row in rows)
        ids, positions = [], []
        for row in rows:
            padding = longest - len(row.unread)
            end = row.length + len(row.unread)
            ids.append([0] * padding + [*row.unread])
            positions.append([end] * padding + [*range(row.length, end)])
            row.held += row.unread
            row.unread = ()
        self._cache.look([row.slot for row in rows], positions, self._device)
        return self._decode(torch.tensor(ids, device=self._device), self._cache).float()

    def _draw(self, slots: list[_Row], logits: Tensor, step: int, on_token: OnToken | None) -> None:
        """Draws each row's next token."""
        greedy = self.temperature == 0
        uniforms = [None if greedy or row.uniforms is None else row.uniforms[step] for row in slots]
        ids, log_probs = draw(
            logits, uniforms, self.temperature or 1.0, top_k=self.top_k, top_p=self.top_p
        )
        for row, id, log_prob in zip(slots, ids.tolist(), log_probs.tolist(), strict=True):
            if not row.ended:
                row.ids.append(id)
                row.log_probs.append(log_prob)
                row.unread = (id,)
                row.ended = self.stop(row.ids)
                if on_token:
                    on_token(row.key, id, log_prob)

    def _shrink(self, slots: list[_Row], going: int) -> list[_Row]:
        """Exchanges ended rows in the first `going` slots with rows that go on behind them."""
        ended = [row for row in slots[:going] if row.ended]
        behind = [row for row in slots[going:] if not row.ended]
        here, there = [row.slot for row in ended], [row.slot for row in behind]
        if here:
            longest = max(row.length for row in ended + behind)
            self._cache.copy(here + there, there + here, longest)
        for first, second in zip(ended, behind, strict=True):
            first.slot, second.slot = second.slot, first.slot
        return sorted((row for row in slots if not row.ended), key=lambda row: row.slot)


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences begin with alike.

    >>> _shared([5, 6, 7], [5, 6, 8, 9])
    2
    """
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _alike(rows: Sequence[_Row]) -> list[list[_Row]]:
    """Rows in batches of similar numbers of unread tokens, so that little is padding."""
    batches: list[list[_Row]] = []
    for row in sorted(rows, key=lambda row: len(row.unread), reverse=True):
        longest = len(batches[-1][0].unread) if batches else 0
        fits = batches and (len(batches[-1]) + 1) * longest <= READ_TOKENS
        if fits and len(row.unread) * 2 > longest:
            batches[-1].append(row)
        else:
            batches.append([row])
    return [sorted(batch, key=lambda row: row.slot) for batch in batches]
