"""The precision of matrix products: some CPUs are fastest in bf16, others crawl in it."""

import time
from typing import Literal

import torch

from envs.errors import unknown

Precision = Literal["fp32", "bf16"]
PRECISIONS: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}
_TRIALS = 5


def precision_dtype(precision: str) -> torch.dtype:
    """The dtype of a precision's name.

    >>> precision_dtype("bf16")
    torch.bfloat16
    """
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    return PRECISIONS[precision]


def fastest_precision(device: str | torch.device = "cpu") -> Precision:
    """The name of the faster precision on this device, by timing products in each of them.

    With bf16 in hardware a product takes a quarter of the time. Without it, one may take a hundred
    times as long: nobody should have to know which CPU they have.
    """
    seconds = {name: _product_seconds(dtype, device) for name, dtype in PRECISIONS.items()}
    return min(seconds, key=lambda name: seconds[name])


def _product_seconds(dtype: torch.dtype, device: str | torch.device) -> float:
    """The shortest time of a product of two square matrices; the first one is a warm-up."""
    size = 256 if torch.device(device).type == "cpu" else 4096
    matrix = torch.ones(size, size, dtype=dtype, device=device)

    def once() -> float:
        began = time.perf_counter()
        float((matrix @ matrix)[0, 0])  # reading a number waits for a GPU to have it
        return time.perf_counter() - began

    return min([once() for _ in range(_TRIALS + 1)][1:])
