"""What a run left behind, to be compared with another's."""

from pathlib import Path
from typing import Any

from training.run_dir import read_metrics

TIMES = {"seconds", "play_seconds", "tokens_per_second", "world_share"}


def figures(folder: Path) -> list[dict[str, Any]]:
    """What was logged, less what a clock says."""
    return [without_times(line) for line in read_metrics(folder)]


def without_times(value: Any) -> Any:
    """A record, and the records in it, less what a clock says."""
    if not isinstance(value, dict):
        return value
    return {name: without_times(one) for name, one in value.items() if name not in TIMES}
