"""What a policy was trained on, where that is known: what it is best shown, and in which words."""

from pathlib import Path

from agent.loading import run_and_stage
from agent.models import TRAINED
from training.run_dir import read_run

USUAL_TASK = "goto-small"
"""For a policy that was trained on nothing in particular."""


def trained_task(source: str) -> str:
    """The task that a run folder, or a mind that comes with the code, was trained on."""
    if source in TRAINED:
        return TRAINED[source]
    return _config(Path(source), "task") or USUAL_TASK


def trained_phrasing(source: str) -> str | None:
    """The phrasing of the run that a model comes from; None where there is no run."""
    return _config(Path(source), "phrasing")


def _config(folder: Path, name: str) -> str | None:
    """An option of the run that a model comes from: its folder, or one that lies in it."""
    folder, _ = run_and_stage(folder)
    for place in (folder, *folder.parents[:2]):
        if (place / "run.json").is_file():
            return str(read_run(place)["config"][name])
    return None
