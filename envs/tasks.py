"""Named tasks, the seeds to draw their episodes from, and the door to all worlds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import gymnasium

from envs.errors import unknown
from envs.grid_world import GridWorld
from envs.held_out import HELD_OUT
from envs.mixed_level import LESSONS, TRAINED_KINDS
from envs.questions import CONTROLS, FAMILIES, OUTCOME, Perspective, QuestionWorld
from envs.questions.reasoning_gym_world import PREFIX as GYM
from envs.questions.reasoning_gym_world import ReasoningGymWorld
from envs.registration import MIXED_ID, PREFIX, stock_ids
from envs.text_world import TextWorld

MOVES = ("turn left", "turn right", "go forward")
SIX = (*MOVES, "pick up", "drop", "toggle")
"""Every action but "done", which BabyAI has no use for."""


@dataclass(frozen=True, slots=True)
class Task:
    """A world with its options: what an experiment trains and measures on."""

    name: str
    world_id: str
    """The level's id with gymnasium; of questions, what the world calls itself."""
    description: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the world, and of a grid's level."""
    world: Callable[..., TextWorld] = GridWorld

    def make(self, **more: Any) -> TextWorld:
        """A new world for this task. Options given here come before the task's own."""
        return self.world(self.world_id, **{**self.options, **more})


class Split(StrEnum):
    """What a seed is for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


SEEDS_PER_SPLIT = 2**30


def seeds(split: Split | str, count: int, first: int = 0) -> range:
    """`count` seeds of a split, from its `first` on. No two splits share a seed.

    >>> seeds("train", 3), seeds(Split.VALIDATION, 2)
    (range(0, 3), range(1073741824, 1073741826))
    """
    if split not in set(Split):
        raise unknown("split", split, Split)
    if first < 0 or count < 0 or first + count > SEEDS_PER_SPLIT:
        raise ValueError(
            f"a split has {SEEDS_PER_SPLIT} seeds, from 0 on: cannot take {count} from {first} on."
        )
    start = list(Split).index(Split(split)) * SEEDS_PER_SPLIT + first
    return range(start, start + count)


def task(name_or_id: str) -> Task:
    """The task of this name, of a world's id, with or without "text/", or of reasoning-gym.

    Raises `ValueError` for an unknown name, and for a world in which nothing can succeed.
    """
    if name_or_id in TASKS:
        return TASKS[name_or_id]
    if name_or_id.startswith(GYM):
        found = Task(name_or_id, name_or_id, "A task of reasoning-gym.", world=ReasoningGymWorld)
    else:
        world_id = _world_id(name_or_id)
        found = Task(world_id, world_id, f"The level {world_id} as it is.")
    if not found.make().metadata["can_succeed"]:
        raise ValueError(
            f"{found.name} is no task: it has no mission, so nothing in it can succeed."
        )
    return found


def make(task_or_id: str, **options: Any) -> TextWorld:
    """A world: of a named task, of a level by its id, with or without "text/", of reasoning-gym.

    It is what `gymnasium.make` would give, without gymnasium's wrappers.
    """
    if task_or_id in TASKS:
        return TASKS[task_or_id].make(**options)
    if task_or_id.startswith(GYM):
        return ReasoningGymWorld(task_or_id, **options)
    return GridWorld(_world_id(task_or_id), **options)


def is_grid(task_or_id: str) -> bool:
    """Whether a task, or level, is a grid world."""
    if task_or_id in TASKS:
        return TASKS[task_or_id].world is GridWorld
    return not task_or_id.startswith(GYM)


def refuse_held_out(task_or_id: str, options: Mapping[str, Any]) -> None:
    """Raise `ValueError` if a world made so would show what is held out from training.

    `options` are those that `make` would be given beside the task's or level's name.
    """
    own = TASKS[task_or_id].options if task_or_id in TASKS else {}
    chosen = {"combinations": "train", "kinds": (), **own, **options}
    found = [
        f"{what} {chosen[what]!r}"
        for what, held_out in (
            ("phrasing", HELD_OUT.phrasings),
            ("vocabulary", HELD_OUT.vocabularies),
            ("nouns", HELD_OUT.nouns),
            ("combinations", ("held-out", "all")),
            ("perspective", (Perspective.ALLOCENTRIC,)),
        )
        if chosen.get(what) in held_out
    ]
    found += [
        f"missions of the kind {kind!r}" for kind in chosen["kinds"] if kind in HELD_OUT.missions
    ]
    if found:
        raise ValueError(
            f"{task_or_id} is for testing only here: it shows {', '.join(found)}, which training "
            "must never see. Train on another task or with other options."
        )


def _world_id(text: str) -> str:
    world_id = text.removeprefix(PREFIX)
    if world_id not in gymnasium.registry:
        raise unknown("task", text, [*TASKS, *stock_ids()])
    return world_id


def _tasks(*tasks: Task) -> dict[str, Task]:
    return {task.name: task for task in tasks}


def _mixed(name: str, description: str, **options: Any) -> Task:
    return Task(name, MIXED_ID, description, {"actions": SIX, **options})


TASKS = _tasks(
    Task(
        "goto-small",
        "BabyAI-GoToLocalS6N2-v0",
        "Go to one of two objects in a small room.",
        {"actions": SIX, "turn_limit": 20},
    ),
    Task(
        "goto-local",
        "BabyAI-GoToLocal-v0",
        "Go to one of eight objects in a room.",
        {"actions": SIX},
    ),
    Task(
        "pickup-local",
        "BabyAI-PickupLoc-v0",
        "Pick up an object, told by its kind, its colour or where it lies.",
        {"actions": SIX},
    ),
    Task(
        "putnext-local",
        "BabyAI-PutNextLocal-v0",
        "Put one object next to another.",
        {"actions": SIX},
    ),
    Task(
        "unlock-pickup",
        "MiniGrid-UnlockPickup-v0",
        "Unlock a door and pick up the box behind it.",
        {"actions": SIX},
    ),
    Task(
        "unlock",
        "MiniGrid-Unlock-v0",
        "Find the key and open the door.",
        {"actions": SIX},
    ),
    Task(
        "doorkey",
        "MiniGrid-DoorKey-6x6-v0",
        "Take the key, open the door, reach the goal behind it.",
        {"actions": SIX},
    ),
    Task(
        "fourrooms",
        "MiniGrid-FourRooms-v0",
        "Find the goal in four rooms.",
        {"actions": MOVES},
    ),
    Task(
        "empty",
        "MiniGrid-Empty-Random-6x6-v0",
        "Reach the goal in an empty room.",
        {"actions": MOVES},
    ),
    Task(
        "lavagap",
        "MiniGrid-LavaGapS6-v0",
        "Reach the goal through a gap in the lava.",
        {"actions": MOVES},
    ),
    Task(
        "crossing",
        "MiniGrid-SimpleCrossingS9N1-v0",
        "Reach the goal through a gap in a wall.",
        {"actions": MOVES},
    ),
    _mixed("mixed", "All five kinds of mission, eight distractors: GLAM's level."),
    _mixed(
        "mixed-balrog",
        "The same without distractors: BALROG's level.",
        distractors=0,
        turn_limit=128,
    ),
    *[
        _mixed(f"mixed-{kind}", f"The mixed level with {kind} missions only.", kinds=(kind,))
        for kind in TRAINED_KINDS
    ],
    _mixed(
        "mixed-lessons",
        "The mixed level with up to eight distractors, and five more kinds of mission, to learn.",
        kinds=(*TRAINED_KINDS, *LESSONS),
        fewest=0,
    ),
    _mixed(
        "mixed-ordered",
        "The kinds of mission that have an order: fetch a key first, put down what was picked up.",
        kinds=("open", "putnext", "sequence"),
        distractors=4,
    ),
    _mixed(
        "mixed-held-out",
        "Missions about the objects that training never shows. For testing only.",
        combinations="held-out",
    ),
    _mixed(
        "mixed-two-pickups",
        "Pick up one object, then another. For testing only.",
        kinds=("two-pickups",),
    ),
    Task(
        "questions",
        "questions",
        "Questions about the grid world, in text alone.",
        {"families": tuple(OUTCOME)},
        QuestionWorld,
    ),
    Task(
        "questions-easy",
        "questions-easy",
        "The easiest questions of every family, for a cold start.",
        {"families": tuple(FAMILIES), "hardest": 1},
        QuestionWorld,
    ),
    Task(
        "questions-apart",
        "questions-apart",
        "Counting, sorting and sums in words: questions that have nothing to do with the world.",
        {"families": tuple(CONTROLS)},
        QuestionWorld,
    ),
)
"""Every named task."""
