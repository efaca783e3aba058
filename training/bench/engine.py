"""The table of the engine's speed: what is measured, and in which order.

Every comparison runs in one process, in turns, and tells medians (`training.bench.timing`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from agent.models import Mind, load_model
from agent.precision import fastest_precision, precision_dtype
from envs.errors import unknown
from training.bench.grpo_step import grpo_step_vs_trl
from training.bench.learning import learner_peak_memory, learner_tokens_per_second
from training.bench.machine import peaks
from training.bench.sampling import (
    batch_scaling,
    decode,
    decode_fraction_of_matmul,
    episode_length_scaling,
    multi_turn,
    prefill,
)
from training.bench.timing import Bench, Comparison

LIVE = 8, 32, 64, 128, 256
IN_GROUPS = {"nano": 128, "smollm2": 64}
"""Live episodes of a step of GRPO, eight from each start."""


@dataclass(frozen=True)
class Engine:
    """Time sampling and learning against transformers' own, in turns, in one process."""

    only: tuple[str, ...] = ()
    """Lines of the table to measure; all of them when there are none."""
    against: Literal["transformers", "trl"] = "transformers"
    """trl: a whole step of GRPO against TRL's as well. Installed into .venv-trl, once."""
    rounds: int = 5
    """Rounds of both sides, in turns; what is shown are medians over all of them."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the models lie; auto: on a GPU where there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Of matrix products, on both sides; auto: the faster one of this machine, by a measurement."""
    threads: int = 0
    """Of torch; 0: its own choice."""
    json: Path | None = None
    """Where to write the result as JSON, after each line."""


def measurements(
    bench: Bench, only: Sequence[str] = (), *, against_trl: bool = False
) -> dict[str, Callable[[], list[Comparison]]]:
    """The lines of the table by name, in the order in which they are measured.

    Args:
        bench: what they all need to know.
        only: names of those wanted; all of them when there are none.
        against_trl: whether to measure ourselves against TRL, too, which has to be installed.

    Raises:
        ValueError: for a name that is not among them.
    """
    minds: dict[str, Mind] = {}

    def mind(name: str) -> Mind:
        if name not in minds:
            minds.clear()  # one at a time: they are large
            minds[name] = load_model(name, device=bench.device)
        return minds[name]

    def of(name: str, way: Callable[..., Comparison], *args: int) -> Callable[[], list[Comparison]]:
        return lambda: [way(mind(name), bench, *args)]

    table = {"peaks": lambda: list(peaks(bench))}
    for name in ("nano", "smollm2"):
        table[f"{name}_prefill"] = of(name, prefill)
        table |= {f"{name}_decode_{live}": of(name, decode, live) for live in LIVE}
        table[f"{name}_decode_{IN_GROUPS[name]}_in_groups"] = of(name, decode, IN_GROUPS[name], 8)
    table["smollm2_multi_turn"] = of("smollm2", multi_turn)
    for way in (
        decode_fraction_of_matmul,
        episode_length_scaling,
        batch_scaling,
        learner_tokens_per_second,
        learner_peak_memory,
    ):
        table[way.__name__] = of("smollm2", way)
    if against_trl:
        table["grpo_step_vs_trl"] = of("smollm2", grpo_step_vs_trl)
    for name in only:
        if name not in table:
            raise unknown("measurement", name, table)
    return {name: table[name] for name in only} or table


def bench_on(rounds: int, device: str, precision: str) -> Bench:
    """The settings of a benchmark, `auto` resolved."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if precision == "auto":
        precision = fastest_precision(device)
    precision_dtype(precision)
    return Bench(rounds, device, precision)
