"""What rows of tokens open with alike, to be read once for all of them.

The rows of a group begin with the same system text and mission, and where every turn is a row of
its own, that is a third of all that a learner reads.

Shapes: R rows, T tokens, U openings of P tokens, D hidden size.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


@dataclass(frozen=True, slots=True)
class Openings:
    """The different openings of some rows, all of one length."""

    ids: Tensor
    """[U, P] int64"""
    of_row: Tensor
    """[R] int64, which of them a row opens with"""

    @property
    def length(self) -> int:
        """P."""
        return self.ids.shape[1]


def find_openings(ids: Tensor, most: int) -> Openings:
    """The openings whose length spares the most tokens; of length 0 where none spares any.

    Args:
        ids: [R, T] int64.
        most: the longest they may be.

    >>> found = find_openings(torch.tensor([[1, 2, 3], [1, 2, 4], [1, 5, 6]]), most=2)
    >>> found.ids.tolist(), found.of_row.tolist()
    ([[1]], [0, 0, 0])
    """
    none = Openings(ids[:1, :0], torch.zeros(len(ids), dtype=torch.int64, device=ids.device))
    if most < 1:
        return none
    rows = torch.unique(ids[:, :most], dim=0)  # sorted, so that rows alike stand together
    alike = (rows[1:] == rows[:-1]).cumprod(dim=1).sum(dim=1)  # with the row before
    lengths = torch.arange(most + 1, device=ids.device)
    different = 1 + (alike[None] < lengths[:, None]).sum(dim=1)
    length = int((lengths * (len(ids) - different)).argmax())
    return Openings(*torch.unique(ids[:, :length], dim=0, return_inverse=True)) if length else none


def read(backbone: Any, ids: Tensor, openings: Openings) -> Tensor:
    """Hidden states [R, T - P, D] of what follows the openings, with gradient through both.

    Args:
        backbone: a causal language model's, without its output layer, for which `can_share` holds.
        ids: [R, T] int64, rows padded on the right.
        openings: of these rows.
    """
    if not openings.length:
        return backbone(input_ids=ids, use_cache=False).last_hidden_state
    cache = backbone(input_ids=openings.ids, use_cache=True).past_key_values
    cache.batch_select_indices(openings.of_row)
    following = backbone(input_ids=ids[:, openings.length :], past_key_values=cache, use_cache=True)
    return following.last_hidden_state


def can_share(backbone: Any) -> bool:
    """Whether a backbone's keys and values can be kept and handed on: where it attends to all that
    came before, and keeps what it computes."""
    recomputes = any(getattr(one, "gradient_checkpointing", False) for one in backbone.modules())
    if backbone.training and recomputes:
        return False
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=backbone.config).layers)
