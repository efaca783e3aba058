"""Where a mind of the study acts: the task it learned, and that task with something changed."""

from envs.registration import MIXED_ID
from envs.tasks import task as named
from training.benchmark.protocols import Trial

TRAINED = "trained"
"""The trial that is the treatment's own task."""


def plan(task: str, missions: int, changed: int) -> list[tuple[Trial, int]]:
    """How many missions of each trial are played: of the trained task, and of each changed one."""
    return [(trial, missions if trial.name == TRAINED else changed) for trial in trials(task)]


def trials(task: str) -> tuple[Trial, ...]:
    """The trained task, then words that it never had, and things and rooms, where it has such.

    >>> [trial.name for trial in trials("goto-small")]
    ['trained', 'invented words', 'synonym actions', 'told by story', 'mirrored']
    """
    words = (
        Trial(TRAINED, task),
        Trial("invented words", task, {"nouns": "invented"}),
        Trial("synonym actions", task, {"vocabulary": "rotate"}),
        Trial("told by story", task, {"phrasing": "story"}),
        Trial("mirrored", task, {"nouns": "mirrored"}),
    )
    if named(task).world_id != MIXED_ID:
        return words
    return (
        *words,
        Trial("unseen pairs", task, {"combinations": "held-out"}),
        Trial("new composition", task, {"kinds": ("two-pickups",)}),
        Trial("bigger room", task, {"room_size": 12}),
        Trial("unseen level", "unlock-pickup"),
    )
