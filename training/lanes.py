"""Several threads, each with cores of its own, for work whose parts do not touch one another.

Between the matrix products of a small model lie many small kernels and much Python, which torch's
own threads do not speed up. Two lanes on two cores, each with half of the rows, take three fifths
of the time that one takes with two threads (docs/LOG.md).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import nn

Load = TypeVar("Load")
Result = TypeVar("Result")

MOST = 4
"""A guess: they share one Python, and more than two have not been measured."""
SMALL = 32_000_000
"""Weights of a model that is worth lanes. Each lane makes a whole gradient: with SmolLM2's 134
million, two lanes take a gigabyte more, and are no more than a tenth faster."""


def lane_count(model: nn.Module) -> int:
    """As many lanes as torch has threads, up to `MOST`; one for a large model, or on a GPU."""
    weights = list(model.parameters())
    on_cpu = all(weight.device.type == "cpu" for weight in weights)
    small = sum(weight.numel() for weight in weights) <= SMALL
    return min(MOST, torch.get_num_threads()) if on_cpu and small else 1


def in_lanes(work: Callable[[Load], Result], loads: Sequence[Load]) -> list[Result]:
    """`work` on each load, all at once, and the results in order.

    The lanes share torch's threads, so that there are no more of them than before.

    >>> in_lanes(sum, [(1, 2), (3, 4)])
    [3, 7]
    """
    if len(loads) == 1:
        return [work(loads[0])]
    threads = max(1, torch.get_num_threads() // len(loads))
    with ThreadPoolExecutor(len(loads), "lane", torch.set_num_threads, (threads,)) as lanes:
        return list(lanes.map(work, loads))
