"""From episodes to padded rows of tokens.

One segment of an episode, the stretch that shares one context, is one row: the tokens it read and
the tokens it sampled, in the order the model saw them. The mask is True on sampled tokens alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    """[R] float32, the advantage of the row's episode"""
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

    def take(self, rows: Tensor) -> "Batch":
        """The rows of these indices, cut to the longest of them."""
        width = int(self.lengths[rows].max()) if len(rows) else 0
        return Batch(
            ids=self.ids[rows, :width],
            mask=self.mask[rows, :width],
            log_probs=self.log_probs[rows, :width],
            advantages=self.advantages[rows],
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
        (group * len(episodes) + member, episode, float(advantages.values[group, member]))
        for group, episodes in enumerate(group.episodes for group in groups)
        if advantages.kept[group]
        for member, episode in enumerate(episodes)
    ]
    numbers, episodes, values = zip(*kept, strict=True) if kept else ((), (), ())
    return batch_episodes(episodes, advantages=values, numbers=numbers)


def batch_episodes(
    episodes: Sequence[Episode],
    *,
    advantages: Sequence[float] | None = None,
    numbers: Sequence[int] | None = None,
) -> Batch:
    """The rows of episodes, in order.

    Args:
        episodes: what was played or demonstrated.
        advantages: one an episode; 1 when left out, which makes policy gradient plain imitation.
        numbers: what to call each episode in `Batch.episode`; 0, 1, 2, ... when left out.

    Raises:
        ValueError: an episode was played without tokens, so there is nothing to learn from.
    """
    advantages = [1.0] * len(episodes) if advantages is None else advantages
    numbers = range(len(episodes)) if numbers is None else numbers
    rows = [
        (_read_segment(turns), number, advantage)
        for episode, number, advantage in zip(episodes, numbers, advantages, strict=True)
        for turns in episode.segments()
    ]
    width = max((len(ids) for (ids, _, _), _, _ in rows), default=0)
    batch = Batch(
        ids=torch.zeros(len(rows), width, dtype=torch.int64),
        mask=torch.zeros(len(rows), width, dtype=torch.bool),
        log_probs=torch.zeros(len(rows), width, dtype=torch.float32),
        advantages=torch.tensor([advantage for _, _, advantage in rows], dtype=torch.float32),
        episode=torch.tensor([number for _, number, _ in rows], dtype=torch.int64),
        lengths=torch.tensor([len(ids) for (ids, _, _), _, _ in rows], dtype=torch.int64),
    )
    for row, ((ids, mask, log_probs), _, _) in enumerate(rows):
        batch.ids[row, : len(ids)] = torch.tensor(ids)
        batch.mask[row, : len(ids)] = torch.tensor(mask)
        batch.log_probs[row, : len(ids)] = torch.tensor(log_probs)
    return batch


def _read_segment(turns: Sequence[Turn]) -> tuple[list[int], list[bool], list[float]]:
    """The ids, the mask and the sampler's log-probabilities of one segment."""
    ids: list[int] = []
    mask: list[bool] = []
    log_probs: list[float] = []
    for turn in turns:
        read, written = len(turn.prompt_ids), len(turn.reply_ids)
        # Demonstrations were written, not sampled: they have tokens, but no log-probabilities.
        sampled = turn.log_probs or (0.0,) * written
        assert len(sampled) == written, f"{len(sampled)} log-probabilities for {written} tokens"
        ids += [*turn.prompt_ids, *turn.reply_ids]
        mask += [False] * read + [True] * written
        log_probs += [0.0] * read + list(sampled)
    if not any(mask):
        raise ValueError(
            "an episode holds no sampled tokens: only what a language model wrote can be learned "
            "from; play it with one, or tokenize the demonstration first."
        )
    assert not mask[0], "a row starts with a sampled token: its prompt is missing"
    return ids, mask, log_probs


def micro_batches(batch: Batch, max_tokens: int) -> Iterator[Tensor]:
    """The row indices of each micro-batch: [rows] int64, each row in exactly one of them.

    Rows of similar length stand together, so that little is spent on padding; the longest come
    first, so that memory runs out at once or never. `max_tokens` bounds rows times width; a row
    longer than that stands alone. It changes speed and memory, never a result.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens is the size of a micro-batch, at least 1; got {max_tokens}.")
    order = torch.argsort(batch.lengths, descending=True, stable=True)
    first = 0
    while first < len(order):
        rows = max(1, max_tokens // int(batch.lengths[order[first]]))
        yield order[first : first + rows]
        first += rows
