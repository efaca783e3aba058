"""Rooms of the simulator to ask about: what is where, and what comes of some moves.

Every answer is read off MiniGrid itself: the room is set up again, and the moves are made.
"""

from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from itertools import groupby

import numpy as np

from envs.actions import Action
from envs.memory import DIRECTIONS, Pose, Position, offset
from envs.mixed_level import MixedLevel
from envs.questions.item import Perspective
from envs.senses import HEADINGS

THINGS = 9
"""In a room, those included that look like another and are not asked about."""
SEEDS = (2**32, 2**63)
"""Of scenes: beyond those of tasks, so that no room is asked about that is trained in."""
Moves = Sequence[Action]

_DOES = {Action.LEFT: "turns left", Action.RIGHT: "turns right", Action.FORWARD: "goes forward"}
OPPOSITE = {
    Action.LEFT: Action.RIGHT,
    Action.RIGHT: Action.LEFT,
    Action.FORWARD: Action.FORWARD,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A room, the things in it that no other looks like, and where the body stands."""

    level: MixedLevel
    seed: int
    things: dict[str, Position]
    pose: Pose

    def after(self, moves: Moves) -> Pose | None:
        """Where the body stands after some moves; None where one of them was a bump."""
        set_up(self.level, self.seed)
        for move in moves:
            before = tuple(self.level.agent_pos)
            self.level.step(move)
            if move is Action.FORWARD and tuple(self.level.agent_pos) == before:
                return None
        return pose_of(self.level)

    def in_view(self) -> dict[str, tuple[int, int]]:
        """The offsets (ahead, right) of the things in front of the body, by name."""
        found = {name: offset(self.pose, place) for name, place in self.things.items()}
        return {
            name: (ahead, right)
            for name, (ahead, right) in found.items()
            if 0 <= ahead <= 6 and -3 <= right <= 3
        }


def draw_scene(random: np.random.Generator) -> Scene:
    """A room drawn from a random stream."""
    level = _level()
    seed = int(random.integers(*SEEDS))
    set_up(level, seed)
    named: dict[str, list[Position]] = {}
    for number, thing in enumerate(level.grid.grid):
        if thing is not None and thing.type in ("ball", "box", "key"):
            place = (number % level.width, number // level.width)
            named.setdefault(f"{thing.color} {thing.type}", []).append(place)
    alone = {name: places[0] for name, places in named.items() if len(places) == 1}
    return Scene(level, seed, alone, pose_of(level))


@cache
def _level() -> MixedLevel:
    """One for all scenes: each sets it up again before it is asked."""
    return MixedLevel(kinds=("goto",), distractors=THINGS - 1)


def set_up(level: MixedLevel, seed: int) -> None:
    """Begin an episode of a level, quietly."""
    with redirect_stdout(None):  # it prints what it rejects
        level.reset(seed=seed)


def pose_of(level: MixedLevel) -> Pose:
    """Where a level's body stands, and which way it looks."""
    x, y = level.agent_pos
    return (int(x), int(y)), int(level.agent_dir)


def draw_moves(random: np.random.Generator, count: int) -> list[Action]:
    """Some moves, in which no turn undoes the one before it."""
    moves: list[Action] = []
    while len(moves) < count:
        move = Action(int(random.integers(3)))
        if not moves or move is Action.FORWARD or moves[-1] is not OPPOSITE[move]:
            moves.append(move)
    return moves


def step(pose: Pose, move: Action) -> Pose:
    """A move where nothing is in the way."""
    (x, y), facing = pose
    if move is Action.FORWARD:
        dx, dy = DIRECTIONS[facing]
        return (x + dx, y + dy), facing
    return (x, y), (facing + (1 if move is Action.RIGHT else -1)) % 4


def place_words(ahead: int, right: int) -> str:
    """An offset in words, behind included.

    >>> place_words(2, -1), place_words(-1, 3), place_words(0, 2)
    ('2 ahead 1 left', '1 behind 3 right', '2 right')
    """
    parts = []
    if ahead:
        parts.append(f"{abs(ahead)} {'ahead' if ahead > 0 else 'behind'}")
    if right:
        parts.append(f"{abs(right)} {'right' if right > 0 else 'left'}")
    return " ".join(parts) or "here"


def moves_words(moves: Moves, perspective: Perspective = Perspective.EGOCENTRIC) -> str:
    """Moves in words, equal ones in a row counted.

    >>> moves_words([Action.FORWARD, Action.FORWARD, Action.LEFT])
    'go forward 2 times, turn left'
    """
    told = []
    for move, run in groupby(moves):
        count = len(list(run))
        words = move.word if perspective is Perspective.EGOCENTRIC else _DOES[move]
        told.append(words + (f" {count} times" if count > 1 else ""))
    return ", ".join(told)


def standing(pose: Pose) -> str:
    """Where the robot is, as seen from above.

    >>> standing(((3, 5), 3))
    'A robot is at column 3, row 5 and faces north.'
    """
    (x, y), facing = pose
    return f"A robot is at column {x}, row {y} and faces {HEADINGS[facing]}."


def lying(scene: Scene, names: Sequence[str], perspective: Perspective, seen: bool = True) -> str:
    """Where some things lie; `seen`: where they are in view, and said to be.

    Columns are counted to the east, and rows to the south.
    """
    told = []
    for name in names:
        x, y = scene.things[name]
        place = place_words(*offset(scene.pose, (x, y)))
        if perspective is Perspective.ALLOCENTRIC:
            told.append(f"A {name} is at column {x}, row {y}.")
        else:
            told.append(f"You see a {name} {place}." if seen else f"A {name} is {place}.")
    if perspective is Perspective.ALLOCENTRIC:
        told.insert(0, standing(scene.pose))
    return " ".join(told)
