"""Write the report of a run, finished, stopped, or still going on.

python -m scripts.report --run runs/default-0
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.cli import friendly, options, write_json
from training.report import write_report
from training.run_dir import read_evaluation


@dataclass(frozen=True, slots=True)
class Options:
    """Of which run."""

    run: Path
    """a run folder; `report.md` and `plots/` in it are written anew"""
    json: Path | None = None
    """write what was measured here, too"""


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line and write."""
    with friendly():
        asked = options(Options, "report", sys.argv[1:] if args is None else args, __doc__ or "")
        print(write_report(asked.run))
        write_json(asked.json, read_evaluation(asked.run))


if __name__ == "__main__":
    main()
