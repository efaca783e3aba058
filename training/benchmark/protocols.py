"""Protocols: which tasks are played, how often, and what in that differs from the original."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import envs
from envs.errors import unknown
from envs.text_world import TextWorld
from training.benchmark.published import BALROG, GLAM, Published

VERSION = 1
"""Of the protocols: results of different versions are not put into one table."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A task as a protocol plays it."""

    name: str
    task: str
    """a named task or a level's id"""
    options: Mapping[str, Any] = field(default_factory=dict)
    """of the world, beside the task's own"""

    def make(self, **more: Any) -> TextWorld:
        """A world for it; options given here come first."""
        return envs.make(self.task, **{**self.options, **more})


@dataclass(frozen=True, slots=True)
class Protocol:
    """A list of trials, all played on the same seeds."""

    name: str
    title: str
    trials: tuple[Trial, ...]
    average: bool = True
    """whether the mean over its trials means something"""
    episodes: int = 200
    """of each trial"""
    published_episodes: int | None = None
    """of each trial, in the original"""
    history: int = 16
    """turns that a model which was only told what to do is shown"""
    changes: tuple[str, ...] = ()
    """what can be done as in the original"""
    fallback: str | None = None
    """what the original does where a reply cannot be read"""
    published: tuple[Published, ...] = ()
    footnotes: tuple[str, ...] = ()
    """how it differs from the original"""
    left_out: tuple[str, ...] = ()
    """trials for which the task's level has no option, or no room"""

    def trial(self, name: str) -> Trial:
        """The trial of this name.

        Raises:
            ValueError: if there is none.
        """
        by_name = {trial.name: trial for trial in self.trials}
        if name not in by_name:
            raise unknown(f"task of {self.name}", name, by_name)
        return by_name[name]


def balrog() -> Protocol:
    """BabyAI as BALROG plays it (Paglieri et al. 2024, https://arxiv.org/abs/2411.13543)."""
    kinds = ("goto", "pickup", "open", "putnext", "sequence")
    return Protocol(
        "balrog-babyai",
        "BALROG's BabyAI: five tasks, no distractors",
        tuple(Trial(kind, f"mixed-{kind}", {"distractors": 0}) for kind in kinds),
        published_episodes=10,
        changes=("unreadable", "history", "prompt", "seeds"),
        fallback="go forward",
        published=BALROG,
        footnotes=(
            "The level is rebuilt on minigrid's own classes, with its own limits of 64 and 128 "
            "turns; objects are never a yellow box, a red door or key, a green ball or a grey "
            "door, which the project holds out.",
            "Observations are the project's own sentences, which also tell which way the body "
            "faces, what the last action did, and the turns left. BALROG lets a reply have 4,096 "
            "tokens, and draws at temperature 1.",
            "Published policies were not trained on the task, and a checkpoint of ours was.",
        ),
    )


def glam() -> Protocol:
    """GLAM's mixed level and its tests of generalisation (Carta et al. 2023).

    Source: https://arxiv.org/abs/2302.02662
    """
    french = {"phrasing": "french", "nouns": "french", "vocabulary": "french"}
    return Protocol(
        "glam",
        "GLAM's mixed level: eight distractors, and six tests of generalisation",
        (
            Trial("trained mix", "mixed"),
            Trial("unseen pairs", "mixed-held-out"),
            Trial("unseen nouns", "mixed", {"nouns": "unseen"}),
            Trial("invented words", "mixed", {"nouns": "invented"}),
            Trial("new composition", "mixed-two-pickups"),
            Trial("synonym actions", "mixed", {"vocabulary": "rotate"}),
            Trial("French", "mixed", french),
        ),
        average=False,
        history=3,
        changes=("history",),
        published=GLAM,
        footnotes=(
            "GLAM's policies score every action by its likelihood; ours write a reply, which may "
            "be unreadable. This cannot be switched.",
            "GLAM tells its figures of new words and languages as losses against its trained mix; "
            "they are put beside ours as success, worked out from .89.",
            "Words, synonyms and the translation are ours; the trained words are unreadable where "
            "others stand in their place. The system text stays English.",
        ),
    )


def mixed() -> Protocol:
    """GLAM's mix, and what a mind that has learned it has never seen of things and words."""
    shown = ("trained mix", "unseen pairs", "new composition", "synonym actions", "invented words")
    return Protocol(
        "mixed",
        "The mixed level as it is trained on, and with things and words that never were",
        (
            *map(glam().trial, shown),
            *(
                Trial(f"told by {name}", "mixed", {"phrasing": name})
                for name in ("story", "compass")
            ),
        ),
        average=False,
        episodes=1000,
        footnotes=(
            "Pairs, words, synonyms and phrasings are from the file of what is held out from "
            "training. The trained words are unreadable where synonyms stand in their place.",
        ),
    )


def ladder() -> Protocol:
    """Ten BabyAI levels, from one object in a room to the boss level."""
    levels = (
        "GoToObj", "GoToRedBall", "GoToLocal", "PickupLoc", "PutNextLocal", "UnlockLocal", "GoTo",
        "GoToSeq", "Synth", "BossLevel",
    )  # fmt: skip
    return Protocol(
        "ladder",
        "The ladder: ten BabyAI levels, each harder than the last",
        tuple(Trial(level, f"BabyAI-{level}-v0", {"actions": envs.tasks.SIX}) for level in levels),
        episodes=100,
    )


AXES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "as it is": ({},),
    "held-out pairs": ({"combinations": "held-out"},),
    "new compositions": ({"kinds": ("two-pickups",)},),
    "bigger rooms": ({"room_size": 12},),
    "more distractors": ({"distractors": 12}, {"num_dists": 12}),
    "unseen phrasing: story": ({"phrasing": "story"},),
    "unseen phrasing: compass": ({"phrasing": "compass"},),
    "synonym actions": ({"vocabulary": "rotate"},),
    "invented nouns": ({"nouns": "invented"},),
    "left and right mirrored": ({"nouns": "mirrored", "vocabulary": "mirrored"},),
}
"""Ways in which a task can differ from what was trained on; each with the options that levels have
for it, of which the first that a level takes is used."""


def axes(task: str) -> Protocol:
    """One trial for each way in which this task can differ from what was trained on."""
    fitting = {
        name: next((one for options in ways if _exists(one := Trial(name, task, options))), None)
        for name, ways in AXES.items()
    }
    return Protocol(
        f"axes-{task}",
        f"Generalisation from {task}",
        tuple(trial for trial in fitting.values() if trial),
        average=False,
        footnotes=(
            "Pairs, phrasings, synonyms, nouns and compositions come from the file of what is "
            "held out from training, whose hash a test knows.",
            "In the mirror, left and right are exchanged in what is sensed and in what is done.",
        ),
        left_out=tuple(name for name, trial in fitting.items() if trial is None),
    )


def _exists(trial: Trial) -> bool:
    """Whether the level has the options, and room for what they ask."""
    try:
        level = getattr(trial.make(), "raw", None)
    except ValueError:
        return False
    things = trial.options.get("num_dists", 0)
    # Where too little is free, BabyAI's levels try for ever to place what has no room.
    return 3 * things <= (getattr(level, "room_size", 25) - 2) ** 2


PROTOCOLS: Mapping[str, Callable[[], Protocol]] = {
    "balrog-babyai": balrog,
    "glam": glam,
    "mixed": mixed,
    "ladder": ladder,
}


def protocol(name: str, task: str = "mixed") -> Protocol:
    """The protocol of this name.

    Args:
        name: one of `PROTOCOLS`, or "axes".
        task: what "axes" is about.

    Raises:
        ValueError: for an unknown name.
    """
    if name == "axes":
        return axes(envs.task(task).name)
    if name not in PROTOCOLS:
        raise unknown("protocol", name, [*PROTOCOLS, "axes"])
    return PROTOCOLS[name]()
