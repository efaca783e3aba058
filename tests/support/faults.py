"""Figures of the long fault tests, for `docs/results/faults.json`."""

import json
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).parents[2] / "docs" / "results" / "faults.json"


def keep(command: str, **figures: Any) -> None:
    """Put figures into the file, each with the command that made it."""
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    known |= {name: {"value": value, "command": command} for name, value in figures.items()}
    FIGURES.write_text(json.dumps(known, indent=2) + "\n")
