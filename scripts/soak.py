"""A long run of short steps, read all the while: is it as sound at its end as at its start?

python -m scripts.soak                   2,000 steps and 20,000 episodes, a quarter of an hour
python -m scripts.soak --steps 50        a first look
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from scripts.cli import friendly, options, write_json
from training.soak import soak


@dataclass(frozen=True, slots=True)
class Options:
    """How long, and where the figures go."""

    steps: int = 2000
    """of GRPO, ten episodes each"""
    json: Path | None = None
    """write the figures here, too"""


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, train in a folder of its own, print what was seen."""
    with friendly():
        asked = options(Options, "soak", sys.argv[1:] if args is None else args, __doc__ or "")
        if asked.steps < 1:
            raise ValueError(f"steps must be at least 1, got {asked.steps}")
        console = Console()
        with TemporaryDirectory(prefix="soak-") as folder:
            seen = asdict(soak(Path(folder, "run"), asked.steps, console))
        for name, value in seen.items():
            shown = f"{value:+.1%}" if isinstance(value, float) else f"{value}"
            console.print(f"{name.replace('_', ' '):20} {shown}")
        write_json(asked.json, seen)


if __name__ == "__main__":
    main()
