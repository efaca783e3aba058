"""From episodes to padded rows of tokens.

One segment of an episode, the stretch that shares one context, is one row: the tokens it read and
the tokens it sampled, in the order the model saw them. The mask is True on sampled tokens alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from agent.types import Episode, Group, Turn
from training.advantages import Advantages


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of tokens to learn from, padded on the right. R rows, T tokens.

    An episode of two segments that read `7 8`, sampled `1`, read `9`, sampled `2`, then started
    again with `7`, sampled `3`, becomes::

        ids      7 8 1 9 2      7 3 . . .
        mask     . . x . x      . x . . .
        episode  0              0
        lengths  5              2
    """

    ids: Tensor
    """[R, T] int64, 0 where padded"""
    mask: Tensor
    """[R, T] bool, True where the token was sampled"""
    log_probs: Tensor
    """[R, T] float32, the sampler's log-probability of each sampled token, 0 elsewhere"""
    advantages: Tensor
    """[R, T] float32, the advantage of each sampled token's turn, 0 elsewhere"""
    episode: Tensor
    """[R] int64, the episode each row belongs to; in GRPO `group * K + member`"""
    lengths: Tensor
    """[R] int64, tokens before the padding"""

    def __len__(self) -> int:
        """R, the number of rows."""
        return len(self.ids)

    @property
    def width(self) -> int:
        """T, the length of the longest row."""
        return self.ids.shape[1]

    def taught(self) -> Tensor:
        """Indices int64 of the rows with any advantage: no others have a part in a gradient."""
        return (self.advantages != 0).any(dim=1).nonzero()[:, 0]

    def read(self) -> Tensor:
        """[R, T] bool, True where a token was read, but for the first, which nothing foretells."""
        place = torch.arange(self.width, device=self.ids.device)
        return (place > 0) & (place < self.lengths[:, None]) & ~self.mask

    def take(self, rows: Tensor) -> "Batch":
        """The rows of these indices, cut to the longest of them."""
        width = int(self.lengths[rows].max()) if len(rows) else 0
        return Batch(
            ids=self.ids[rows, :width],
            mask=self.mask[rows, :width],
            log_probs=self.log_probs[rows, :width],
            advantages=self.advantages[rows, :width],
            episode=self.episode[rows],
            lengths=self.lengths[rows],
        )

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on a device."""
        return Batch(
            ids=self.ids.to(device),
            mask=self.mask.to(device),
            log_probs=self.log_probs.to(device),
            advantages=self.advantages.to(device),
            episode=self.episode.to(device),
            lengths=self.lengths.to(device),
        )


def make_batch(groups: Sequence[Group], advantages: Advantages) -> Batch:
    """The rows of every group that has something to teach; groups without spread are left out.

    Args:
        groups: G groups of K episodes.
        advantages: theirs, [G, K].
    """
    kept = [
        (
            group * len(episodes) + member,
            episode,
            advantages.of_turns(group, member, len(episode.turns)).tolist(),
        )
        for group, episodes in enumerate(group.episodes for group in groups)
        if advantages.kept[group]
        for member, episode in enumerate(episodes)
    ]
    numbers, episodes, values = zip(*kept, strict=True) if kept else ((), (), ())
    return batch_episodes(episodes, advantages=values, numbers=numbers)


def batch_episodes(
    episodes: Sequence[Episode],
    *,
    advantages: Sequence[Sequence[float]] | None = None,
    numbers: Sequence[int] | None = None,
) -> Batch:
    """The rows of episodes, in order.

    Args:
        episodes: what was played or demonstrated.
        advantages: one for each turn of each episode; 1 when left out, which makes policy gradient
            plain imitation.
        numbers: what to call each episode in `Batch.episode`; 0, 1, 2, ... when left out.

    Raises:
        ValueError: an episode was played without tokens, so there is nothing to learn from.
    """
    if advantages is None:
        advantages = [[1.0] * len(episode.turns) for episode in episodes]
    numbers = range(len(episodes)) if numbers is None else numbers
    rows = [
        (number, _read_segment(turns, values))
        for episode, number, per_turn in zip(episodes, numbers, advantages, strict=True)
        for turns, values in _segments(episode, per_turn)
    ]
    width = max((len(row.ids) for _, row in rows), default=0)

    def padded(lists: Iterable[Sequence[float]], dtype: torch.dtype) -> Tensor:
        out = torch.zeros(len(rows), width, dtype=dtype)
        for number, values in enumerate(lists):
            out[number, : len(values)] = torch.tensor(values)
        return out

    return Batch(
        ids=padded((row.ids for _, row in rows), torch.int64),
        mask=padded((row.mask for _, row in rows), torch.bool),
        log_probs=padded((row.log_probs for _, row in rows), torch.float32),
        advantages=padded((row.advantages for _, row in rows), torch.float32),
        episode=torch.tensor([number for number, _ in rows], dtype=torch.int64),
        lengths=torch.tensor([len(row.ids) for _, row in rows], dtype=torch.int64),
    )


@dataclass(slots=True)
class _Row:
    """One segment, token by token."""

    ids: list[int] = field(default_factory=list)
    mask: list[bool] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    advantages: list[float] = field(default_factory=list)


def _segments(
    episode: Episode, per_turn: Sequence[float]
) -> Iterator[tuple[Sequence[Turn], Sequence[float]]]:
    """Each segment's turns, with their advantages."""
    first = 0
    for turns in episode.segments():
        yield turns, per_turn[first : first + len(turns)]
        first += len(turns)


def _read_segment(turns: Sequence[Turn], advantages: Sequence[float]) -> _Row:
    """The tokens of one segment."""
    row = _Row()
    for turn, advantage in zip(turns, advantages, strict=True):
        read, written = len(turn.prompt_ids), len(turn.reply_ids)
        # Demonstrations were written, not sampled: they have tokens, but no log-probabilities.
        sampled = turn.log_probs or (0.0,) * written
        assert len(sampled) == written, f"{len(sampled)} log-probabilities for {written} tokens"
        row.ids += [*turn.prompt_ids, *turn.reply_ids]
        row.mask += [False] * read + [True] * written
        row.log_probs += [0.0] * read + list(sampled)
        row.advantages += [0.0] * read + [advantage] * written
    if not any(row.mask):
        raise ValueError(
            "an episode holds no sampled tokens: only what a language model wrote can be learned "
            "from; play it with one, or tokenize the demonstration first."
        )
    assert not row.mask[0], "a row starts with a sampled token: its prompt is missing"
    return row


def micro_batches(batch: Batch, max_tokens: int) -> Iterator[Tensor]:
    """Row indices [rows] int64, each row in exactly one micro-batch.

    Rows of similar length stand together, so that little is spent on padding; the longest come
    first, so that memory runs out at once or never. `max_tokens` bounds rows times width; a row
    longer than that stands alone. None of it changes a result.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens is the size of a micro-batch, at least 1; got {max_tokens}.")
    order = torch.argsort(batch.lengths, descending=True, stable=True)
    first = 0
    while first < len(order):
        rows = max(1, max_tokens // int(batch.lengths[order[first]]))
        yield order[first : first + rows]
        first += rows
