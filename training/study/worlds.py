"""What a mind of the study plays: the task it learned, that with something changed, others."""

from collections.abc import Sequence

from envs.questions.reasoning_gym_world import PREFIX
from envs.registration import MIXED_ID
from envs.tasks import task as named
from training.benchmark.protocols import Trial

TRAINED = "trained"
"""The trial that is the treatment's own task."""


def plan(
    task: str, missions: int, changed: int, far: Sequence[str] = ()
) -> list[tuple[Trial, int]]:
    """What each mind plays, and how many missions of it.

    Args:
        task: that is trained on.
        missions: of that task.
        changed: of each trial in which something is changed, and of each task far from it.
        far: names of reasoning-gym's tasks.
    """
    near = [(trial, missions if trial.name == TRAINED else changed) for trial in trials(task)]
    return near + [(Trial(name, PREFIX + name), changed) for name in far]


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
