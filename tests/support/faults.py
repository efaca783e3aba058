"""Figures of the long fault tests, for `docs/results/faults.json`."""

import fcntl
import json
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).parents[2] / "docs" / "results" / "faults.json"


def keep(command: str, **figures: Any) -> None:
    """Put figures into the file, each with the command that made it."""
    with FIGURES.open("a+") as file:  # tests run side by side
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        known = json.loads(file.read() or "{}")
        known |= {name: {"value": value, "command": command} for name, value in figures.items()}
        file.truncate(0)
        file.write(json.dumps(known, indent=2) + "\n")
