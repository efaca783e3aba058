"""Benchmarks: `python -m scripts.bench env` times the worlds."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import tyro

from scripts.cli import friendly, write_json
from training.bench_env import time_world


@dataclass(frozen=True)
class Env:
    """Time the steps and resets of levels, raw and told in text."""

    worlds: tuple[str, ...] = ("goto-small", "goto-local", "mixed", "fourrooms", "BabyAI-GoTo-v0")
    """Tasks, or ids of levels."""
    rounds: int = 9
    """Rounds of raw and of text steps, in turns; what is shown are medians over all of them."""
    steps: int = 200
    """Steps in a round; resets are a tenth as many."""
    json: Path | None = None
    """Where to write the result as JSON."""


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table, and write it where asked."""
    with friendly():
        bench = tyro.extras.subcommand_cli_from_dict(
            {"env": Env}, prog="python -m scripts.bench", args=args
        )
        bench_env(bench)


def bench_env(bench: Env) -> None:
    """Print one line a world, in microseconds."""
    print(f"{'microseconds':20} {'raw step':>9} {'text step':>9} {'ratio':>6}", end="")
    print(f" {'raw reset':>9} {'text reset':>10} {'ratio':>6}")
    timings = []
    for world in bench.worlds:
        timing = time_world(world, bench.rounds, bench.steps)
        print(
            f"{world:20} {timing.raw_step_us:9.0f} {timing.text_step_us:9.0f} "
            f"{timing.step_ratio:6.2f} {timing.raw_reset_us:9.0f} {timing.text_reset_us:10.0f} "
            f"{timing.reset_ratio:6.2f}",
            flush=True,
        )
        ratios = {"step_ratio": timing.step_ratio, "reset_ratio": timing.reset_ratio}
        timings.append(asdict(timing) | ratios)
    write_json(bench.json, timings)


if __name__ == "__main__":
    main(sys.argv[1:])
