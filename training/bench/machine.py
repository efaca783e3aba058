"""What the machine can do: the limits that an engine is measured against."""

from collections.abc import Callable, Iterator

import torch

from agent.precision import precision_dtype
from training.bench.timing import Bench, Comparison, alternate, compare, wait


def peaks(bench: Bench) -> Iterator[Comparison]:
    """What the machine can do: products, in the fastest precision and in fp32, and reading."""
    size = 2048 if bench.device == "cpu" else 8192

    def product(dtype: torch.dtype) -> Callable[[], None]:
        matrix = torch.randn(size, size, device=bench.device).to(dtype)

        def multiply() -> None:
            matrix @ matrix
            wait(bench)

        return multiply

    yield compare(
        "matrix_product",
        2 * size**3 / 1e9,
        "GFLOP/s",
        product(precision_dtype(bench.precision)),
        product(torch.float32),
        4 * bench.rounds,
        f"{size} x {size}, {bench.precision}; fp32",
    )
    read, written = (torch.ones(1 << 27, device=bench.device) for _ in range(2))

    def total() -> None:
        read.sum()
        wait(bench)

    def copy() -> None:
        written.copy_(read)
        wait(bench)

    seconds = alternate({"read": total, "copy": copy}, bench.rounds)
    gigabytes = read.nbytes / 1e9
    yield Comparison(
        "memory_bandwidth",
        gigabytes / seconds["read"],
        2 * gigabytes / seconds["copy"],
        "GB/s",
        bench.rounds,
        "reading; copying, both directions counted",
    )
