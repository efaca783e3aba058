"""Benchmarks: `python -m scripts.bench env` times the worlds, `... engine` the language model."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
import tyro

from scripts.cli import friendly, write_json
from training.bench.engine import bench_on, measurements
from training.bench.timing import HEADER, machine
from training.bench.worlds import time_world


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


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table, and write it where asked."""
    with friendly():
        bench = tyro.extras.subcommand_cli_from_dict(
            {"env": Env, "engine": Engine}, prog="python -m scripts.bench", args=args
        )
        bench_env(bench) if isinstance(bench, Env) else bench_engine(bench)


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


def bench_engine(asked: Engine) -> None:
    """Print one line a measurement."""
    if asked.threads:
        torch.set_num_threads(asked.threads)
    bench = bench_on(asked.rounds, asked.device, asked.precision)
    table = measurements(bench, asked.only, against_trl=asked.against == "trl")
    about = machine(bench.device) | {"precision": bench.precision}
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    print(HEADER)
    rows: dict[str, dict[str, object]] = {}
    for name, measure in table.items():
        print(f"measuring {name}", file=sys.stderr, flush=True)
        for one in measure():
            print(one, flush=True)
            rows[one.name] = asdict(one) | {"ratio": one.ratio}
            write_json(asked.json, {"machine": about, "rows": rows})


if __name__ == "__main__":
    main(sys.argv[1:])
