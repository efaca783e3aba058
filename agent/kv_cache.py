"""The keys and values of every live segment, preallocated, each row with a length of its own.

Legend: `S` slots, `R` rows in a forward pass, `T` new tokens a row, `L` positions attended to,
`H` key/value heads, `D` head size.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedConfig
from transformers.cache_utils import Cache, CacheLayerMixin

BLOCK = 32
"""Positions are allocated and read by the block: products copy what is not contiguous."""

ATTENTION = {"full_attention", "sliding_attention"}
"""Layers that can be served; a sliding window is full attention as far as `Mind.context` goes."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a forward pass writes and reads."""

    slots: Tensor
    """the slot of each row, int64 `[R]`"""
    positions: Tensor
    """where each new token is written, int64 `[R, T]`"""
    rows: slice | Tensor
    """the slots again; a slice where they are the first `R` in order, to be read without a copy"""
    length: int
    """`L`: how far rows are read, new tokens included"""


class SlotLayer(CacheLayerMixin):
    """What one layer holds: keys `[S, H, D, capacity]` and values `[S, H, capacity, D]`.

    Keys lie transposed: then both products of a decode step, query with keys and weights with
    values, run along contiguous memory, which makes the first one 2 to 4 times faster in bf16.
    """

    is_croppable = False
    keys: Tensor
    values: Tensor

    def __init__(self, cache: "SlotCache") -> None:
        super().__init__()
        self._cache = cache

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Writes the new `[R, H, T, D]` and returns what the rows hold, `[R, H, L, D]` each.

        Past a row's own length lies what padding and dead segments left there: mask it.
        """
        keys, values = self.append(key_states.transpose(1, 2), value_states.transpose(1, 2))
        heads = key_states.shape[:2]
        return keys.unflatten(0, heads).transpose(2, 3), values.unflatten(0, heads)

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Writes the new `[R, T, H, D]` and returns what the rows hold, for batched products.

        Returns:
            keys `[R * H, D, L]` and values `[R * H, L, D]`.
        """
        if not self.is_initialized:
            self.lazy_initialization(key.transpose(1, 2), value.transpose(1, 2))
        window = self._cache.window
        slots = window.slots[:, None]
        self.keys[slots, :, :, window.positions] = key
        self.values[slots, :, window.positions] = value
        rows, length = window.rows, window.length
        keys, values = self.keys[rows, ..., :length], self.values[rows, :, :length]
        return keys.flatten(0, 1), values.flatten(0, 1)

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Allocates the layer, with the heads, precision and device of what is first written.

        Zeroed: a masked NaN would still be a NaN.
        """
        slots, capacity = self._cache.slots, self._cache.capacity
        heads, size = key_states.shape[1], key_states.shape[3]
        self.keys = key_states.new_zeros(slots, heads, size, capacity)
        self.values = value_states.new_zeros(slots, heads, capacity, size)
        self.is_initialized = True

    def grow(self) -> None:
        """Reallocates to the cache's size, keeping what is held."""
        if self.is_initialized:
            keys, values = self.keys, self.values
            slots, _, _, capacity = keys.shape
            self.lazy_initialization(keys.transpose(2, 3), values)
            self.keys[:slots, ..., :capacity] = keys
            self.values[:slots, :, :capacity] = values

    def copy(self, sources: Tensor, targets: Tensor, length: int) -> None:
        """Copies slots over others, all of them read before any is written."""
        self.keys[targets, ..., :length] = self.keys[sources, ..., :length]
        self.values[targets, :, :length] = self.values[sources, :, :length]

    def get_seq_length(self) -> int:
        """As far as the longest row reaches."""
        return self._cache.window.length

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Length and offset of what is attended to."""
        return self._cache.window.length, 0

    def get_max_length(self) -> int:
        """-1: it grows."""
        return -1


class SlotCache(Cache):
    """A transformers cache of slots, one live segment each, that grows as it must.

    Which slot holds what, and how far, is for the sampler to know: it calls `look` before each
    forward pass.
    """

    layers: list[SlotLayer]  # type: ignore[assignment]
    window: Window

    def __init__(self, config: PreTrainedConfig) -> None:
        """
        Raises:
            ValueError: for a model that remembers in other ways than by keys and values.
        """
        config = config.get_text_config()
        others = set(getattr(config, "layer_types", None) or ()) - ATTENTION
        if others:
            raise ValueError(
                f"models of the type {config.model_type} cannot be sampled from: they have layers "
                f"of {', '.join(sorted(others))}, and the sampler keeps keys and values alone"
            )
        super().__init__(layers=[SlotLayer(self) for _ in range(config.num_hidden_layers)])
        self.slots = 0
        self.capacity = 0

    def look(self, slots: list[int], positions: list[list[int]], device: torch.device) -> None:
        """Sets what the next forward pass writes and reads, and makes room for it.

        Args:
            slots: of each row.
            positions: where its new tokens are written, as many for each row.
        """
        reach = 1 + max(max(row) for row in positions)
        self.reserve(1 + max(slots), reach)
        where = torch.tensor(slots, device=device)
        leading = slots == list(range(len(slots)))
        self.window = Window(
            slots=where,
            positions=torch.tensor(positions, device=device),
            rows=slice(len(slots)) if leading else where,
            length=_whole_blocks(reach),
        )

    def reserve(self, slots: int, length: int) -> None:
        """Makes room for `slots` segments of `length` positions."""
        if slots > self.slots or length > self.capacity:
            self.slots = max(slots, self.slots)
            self.capacity = max(_whole_blocks(length), self.capacity)
            for layer in self.layers:
                layer.grow()

    def copy(self, sources: list[int], targets: list[int], length: int) -> None:
        """Copies slots over others, up to `length`; with `[a, b]` and `[b, a]` it swaps them."""
        for layer in self.layers:
            device = layer.keys.device
            layer.copy(
                torch.tensor(sources, device=device), torch.tensor(targets, device=device), length
            )

    def clear(self) -> None:
        """Gives all memory back."""
        self.slots = self.capacity = 0
        self.layers[:] = [SlotLayer(self) for _ in self.layers]


def _whole_blocks(length: int) -> int:
    return -(-length // BLOCK) * BLOCK
