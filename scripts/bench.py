"""Benchmarks: of the worlds, of the language model, of the window.

python -m scripts.bench env       steps and resets, raw and told in text
python -m scripts.bench engine    sampling and learning, against transformers' own or TRL
python -m scripts.bench viewer    how smoothly a mind is watched
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

import torch
import tyro

from scripts.cli import friendly, write_json
from training.bench.engine import Engine, bench_on, measurements
from training.bench.timing import HEADER, machine
from training.bench.viewer import Viewer, seconds_to_first_frame, time_viewer
from training.bench.worlds import Env, time_world


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table, and write it where asked."""
    with friendly():
        kinds: dict[str, Callable[..., Any]] = {"env": Env, "engine": Engine, "viewer": Viewer}
        asked = tyro.extras.subcommand_cli_from_dict(
            kinds, prog="python -m scripts.bench", description=__doc__, args=args
        )
        if isinstance(asked, Env):
            bench_env(asked)
        elif isinstance(asked, Engine):
            bench_engine(asked)
        else:
            bench_viewer(asked)


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


def bench_viewer(asked: Viewer) -> None:
    """Print how long it took from frame to frame, and from the command to the first one."""
    print(f"watching {asked.policy} for {asked.seconds:g} seconds", file=sys.stderr, flush=True)
    seen = time_viewer(asked)
    print(
        f"{seen.frames} frames, {seen.tokens} tokens sampled meanwhile: from frame to frame "
        f"{seen.median_ms:.1f} ms (median), {seen.p99_ms:.1f} ms (99th percentile)"
    )
    first = [seconds_to_first_frame(asked.policy, asked.task) for _ in range(asked.starts)]
    if first:
        print(f"from the command to the first frame {median(first):.1f} s")
    kept = {"machine": machine("cpu")} | asdict(seen) | {"first_frame_seconds": first}
    write_json(asked.json, kept)


if __name__ == "__main__":
    main(sys.argv[1:])
