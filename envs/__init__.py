"""Worlds that speak: text in, text out.

Importing this registers every level of MiniGrid and BabyAI with gymnasium as `text/<its id>`.
`make` makes a world from a task's name or a level's id.
"""

from envs.registration import register, register_all, unavailable, worlds
from envs.tasks import TASKS, Split, Task, make, refuse_held_out, seeds, task
from envs.text_world import EpisodeStatus, TextWorld

__all__ = [
    "TASKS",
    "EpisodeStatus",
    "Split",
    "Task",
    "TextWorld",
    "make",
    "refuse_held_out",
    "register",
    "seeds",
    "task",
    "unavailable",
    "worlds",
]

register_all()
