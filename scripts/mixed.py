"""Measure runs on the mixed level: BALROG's five tasks, GLAM's mix, things and words never seen.

python -m scripts.mixed --runs runs/mixed-0 --json docs/results/mixed.json
python -m scripts.mixed --runs runs/mixed-0 runs/mixed-1 --controls runs/mixed-plus-0

The same command again goes on where it was stopped, and plays nothing twice. Runs play everything.
Their cold starts and the controls play what a gain is measured on: the five tasks and GLAM's mix.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmark import GO_ON, Bars
from scripts.cli import friendly, options, write_json
from training.benchmark.benchmark import benchmark
from training.benchmark.config import BenchmarkConfig
from training.benchmark.protocols import protocol
from training.benchmark.report import read
from training.mixed import records


@dataclass(frozen=True, slots=True)
class Options:
    """Which runs, and where to."""

    runs: tuple[Path, ...] = (Path("runs/mixed-0"),)
    """finished runs of the preset `mixed`, one a seed"""
    controls: tuple[Path, ...] = ()
    """finished runs to compare them with: a continued cold start, ablations"""
    episodes: int = 1000
    """of each setting; the five tasks share them"""
    folder: Path = Path("benchmarks")
    """what is played is kept in its folders mixed-balrog and mixed-glam"""
    workers: int = 0
    """processes; 0: one a core"""
    json: Path | None = None
    """write the records here"""


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, play what is missing, collect."""
    with friendly(GO_ON):
        asked = options(Options, "mixed", sys.argv[1:] if args is None else args, __doc__ or "")
        if asked.episodes < 5:
            raise ValueError(f"episodes must be 5 or more, got {asked.episodes}")
        found = []
        for folder, config in _plan(asked):
            with Bars() as bars:
                benchmark(config, protocol(config.protocol), folder, bars.begin)
        for folder, name in _folders(asked).items():
            chosen = protocol(name)
            found += records([row for row, _ in read(folder, chosen)], chosen)
        for one in found:
            who = " ".join(str(one[key]) for key in ("policy", "how", "seed") if key in one)
            print(
                f"{one['setting']:20} {who:26} {one['success']:6.1%} "
                f"({one['low']:.1%} to {one['high']:.1%}, n {one['episodes']})"
            )
        write_json(asked.json, found)


def _folders(asked: Options) -> dict[Path, str]:
    """Where each protocol is played."""
    return {
        asked.folder / "mixed-balrog": "balrog-babyai",
        asked.folder / "mixed-glam": "mixed",
    }


def _plan(asked: Options) -> Iterator[tuple[Path, BenchmarkConfig]]:
    """What is to be played, one benchmark after the other."""
    balrog, glam = _folders(asked)
    before = [f"{run}@cold_start" for run in asked.runs]
    both = [f"{one}{how}" for one in (*before, *asked.controls) for how in ("", ",greedy")]
    ours = [f"{run}{how}" for run in asked.runs for how in ("", ",greedy")]

    def config(name: str, policies: Sequence[str], *trials: str) -> BenchmarkConfig:
        count = asked.episodes // 5 if name == "balrog-babyai" else asked.episodes
        return BenchmarkConfig(
            protocol=name,
            policies=tuple(policies),
            trials=trials,
            episodes=count,
            workers=asked.workers,
        )

    yield balrog, config("balrog-babyai", ["reactive", "expert", *ours, *both])
    yield glam, config("mixed", ["reactive", "expert", *map(str, asked.runs)])
    yield glam, config("mixed", [*ours[1::2], *both], "trained mix")


if __name__ == "__main__":
    main()
