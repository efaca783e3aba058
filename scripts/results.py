"""Collect what finished runs showed into one result file.

python -m scripts.results --runs runs/default-0 runs/default-1 --json docs/results/default.json
python -m scripts.results --runs runs/default-0 --keep docs/results/runs   what of it is small, too
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.cli import friendly, options, write_json
from training.results import collect, keep


@dataclass(frozen=True, slots=True)
class Options:
    """Which runs, and where to."""

    runs: tuple[Path, ...]
    """finished run folders"""
    json: Path | None = None
    """write the records here; without it they are only listed"""
    keep: Path | None = None
    """copy what is small in each run folder into a folder of its name in here"""


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, collect, print a line a run."""
    with friendly():
        asked = options(Options, "results", sys.argv[1:] if args is None else args, __doc__ or "")
        records = collect(asked.runs)
        if asked.keep:
            for folder in asked.runs:
                keep(folder, asked.keep)
        for one in records:
            lifts = (
                f"{how} {lift['points']:+5.1f} points ({lift['low']:+.1f} to {lift['high']:+.1f})"
                for how, lift in one["lift"].items()
            )
            print(
                f"{one['preset']} seed {one['seed']}  {one['control'] or 'treatment':10}",
                *lifts,
                f"{one['minutes']:.1f} min",
                sep="  ",
            )
        write_json(asked.json, records)


if __name__ == "__main__":
    main()
