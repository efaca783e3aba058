"""Families about space: where something is after some moves, and which moves lead to it.

The choices of a question are mirror images of one another (left for right, ahead for behind, the
one offset for the other), and each image is right equally often: none looks likelier than the rest.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from envs.actions import Action
from envs.memory import Position, ahead_of, offset
from envs.questions.item import Item, Perspective, item, one_of
from envs.questions.scenes import (
    Scene,
    draw_moves,
    draw_scene,
    lying,
    moves_words,
    place_words,
    step,
)
from envs.thoughts import side

_NORTH = ((0, 0), 3)
"""A pose from which what is ahead is north, and what is to the right is east."""

PATIENCE = 50_000
"""Scenes that are drawn to find one in which the wanted image is right."""

SIDES = ("behind me", "to my left", "to my right")
"""Where something out of view can be; what is ahead is seen."""


def predict(random: np.random.Generator, difficulty: int, perspective: Perspective) -> Item:
    """Where a thing in view is after as many moves as it is difficult."""
    wanted = _image(random)
    for scene in _scenes(random):
        moves = draw_moves(random, difficulty)
        end = scene.after(moves)
        for name in _shuffled(random, scene.in_view()):
            if end is None or _class(*offset(end, scene.things[name])) != wanted:
                continue
            ahead, right = offset(end, scene.things[name])
            images = [one for one in _images(ahead, right) if one != (ahead, right)]
            wrong = [images[i] for i in random.permutation(len(images))[:3]]
            return item(
                random,
                "predict",
                difficulty,
                perspective,
                f"{lying(scene, [name], perspective)} {_then(perspective)} "
                f"{moves_words(moves, perspective)}. Where is the {name} now?",
                place_words(ahead, right),
                [place_words(*one) for one in wrong],
                _trace(scene, name, moves),
            )
    raise AssertionError("no scene was found")


def permanence(random: np.random.Generator, difficulty: int, perspective: Perspective) -> Item:
    """On which side a thing is that has gone out of view."""
    wanted = one_of(random, SIDES)
    for scene in _scenes(random):
        moves = draw_moves(random, difficulty + 1)
        end = scene.after(moves)
        for name in _shuffled(random, scene.in_view()):
            if end is None:
                continue
            ahead, right = offset(end, scene.things[name])
            hidden = ahead < 0 or abs(right) > 3
            # On a diagonal it is on two sides at once.
            if not hidden or abs(ahead) == abs(right) or side(ahead, right) != wanted:
                continue
            you = perspective is Perspective.EGOCENTRIC
            out = f"{'You see' if you else 'The robot sees'} the {name} no more."
            return item(
                random,
                "permanence",
                difficulty,
                perspective,
                f"{lying(scene, [name], perspective)} {_then(perspective)} "
                f"{moves_words(moves, perspective)}. {out} Where is it?",
                wanted,
                [one for one in SIDES if one != wanted],
                f"{_trace(scene, name, moves)} So it is {wanted}.",
            )
    raise AssertionError("no scene was found")


def plan(random: np.random.Generator, difficulty: int, perspective: Perspective) -> Item:
    """Which moves lead in front of a thing that is `difficulty + 2` steps away."""
    to_the_right, far = random.random() < 0.5, random.random() < 0.5
    for scene in _scenes(random):
        for name in _shuffled(random, scene.things):
            ahead, right = offset(scene.pose, scene.things[name])
            if ahead + abs(right) != difficulty + 2:
                continue
            if _class(ahead, right) != (True, to_the_right, far):
                continue
            # Something on the other side is told as well: the word for the side tells nothing.
            across = [
                other
                for other, place in scene.things.items()
                if offset(scene.pose, place)[1] * right < 0
            ]
            if not across:
                continue
            both = (name, across[int(random.integers(len(across)))])
            told = lying(scene, [both[i] for i in random.permutation(2)], perspective, seen=False)
            turn, other = (Action.RIGHT, Action.LEFT) if right > 0 else (Action.LEFT, Action.RIGHT)
            way = _plan(ahead, abs(right), turn)
            if not _arrives(scene, way, scene.things[name]):
                continue  # something stands there
            images = [
                _plan(ahead, abs(right), other),
                _plan(abs(right), ahead, turn),
                _plan(abs(right), ahead, other),
            ]
            return item(
                random,
                "plan",
                difficulty,
                perspective,
                f"{told} Which moves lead to the {name}, so that it is 1 ahead?",
                moves_words(way),
                [moves_words(image) for image in images],
                f"The {name} is {place_words(ahead, right)}. I go {ahead} forward, turn "
                f"{'right' if right > 0 else 'left'}, and stop before it.",
            )
    raise AssertionError("no scene was found")


def relations(random: np.random.Generator, difficulty: int, perspective: Perspective) -> Item:
    """How the last of `difficulty + 2` things lies from the first, told link by link."""
    way = (1 if random.random() < 0.5 else -1, 1 if random.random() < 0.5 else -1)
    for scene in _scenes(random):
        places = scene.in_view()
        if perspective is Perspective.ALLOCENTRIC:
            places = {name: offset(_NORTH, place) for name, place in scene.things.items()}
        chain = _chain(_shuffled(random, places), places, difficulty + 2, way)
        if chain is None:
            continue
        links = [
            _link(*(pair if random.random() < 0.5 else pair[::-1]), places, perspective)
            for pair in pairwise(chain)
        ]
        told = " ".join(links[i] for i in random.permutation(len(links)))
        answer = _related(places[chain[0]], places[chain[-1]], perspective)
        across, along = _AXES[perspective]
        every = [f"{one} and {other}" for one in across for other in along]
        return item(
            random,
            "relations",
            difficulty,
            perspective,
            f"{told} How does the {chain[-1]} lie from the {chain[0]}?",
            " and ".join(answer),
            [one for one in every if one != " and ".join(answer)],
            " ".join(_link(*pair, places, perspective) for pair in pairwise(chain)),
        )
    raise AssertionError("no scene was found")


_AXES = {
    Perspective.EGOCENTRIC: (("left", "right"), ("nearer", "further")),
    Perspective.ALLOCENTRIC: (("west", "east"), ("south", "north")),
}


def _related(one: Position, other: Position, perspective: Perspective) -> tuple[str, str]:
    """How the second of two offsets (ahead, right) lies from the first."""
    across, along = _AXES[perspective]
    return across[other[1] > one[1]], along[other[0] > one[0]]


def _scenes(random: np.random.Generator) -> Iterator[Scene]:
    for _ in range(PATIENCE):
        yield draw_scene(random)


def _then(perspective: Perspective) -> str:
    return "You" if perspective is Perspective.EGOCENTRIC else "The robot"


def _shuffled(random: np.random.Generator, names: dict[str, Position]) -> list[str]:
    return [list(names)[i] for i in random.permutation(len(names))]


def _images(ahead: int, right: int) -> list[Position]:
    """The offset in every mirror: eight, or four where ahead and right are equally far."""
    return [
        (a * i, b * j)
        for a, b in dict.fromkeys(((abs(ahead), abs(right)), (abs(right), abs(ahead))))
        for i in (1, -1)
        for j in (1, -1)
    ]


def _class(ahead: int, right: int) -> tuple[bool, bool, bool] | None:
    """Which image an offset is; None for one that has fewer than eight."""
    if not ahead or not right or abs(ahead) == abs(right):
        return None
    return ahead > 0, right > 0, abs(ahead) > abs(right)


def _image(random: np.random.Generator) -> tuple[bool, bool, bool]:
    ahead, right, far = (bool(bit) for bit in random.integers(2, size=3))
    return ahead, right, far


def _trace(scene: Scene, name: str, moves: list[Action]) -> str:
    """Where a thing is after each of the moves."""
    pose, place = scene.pose, scene.things[name]
    told = [f"The {name} is {place_words(*offset(pose, place))}."]
    for move in moves:
        pose = step(pose, move)
        told.append(f"I {moves_words([move])}: {place_words(*offset(pose, place))}.")
    return " ".join(told)


def _plan(first: int, second: int, turn: Action) -> list[Action]:
    """So many steps, a turn, and steps until one cell is left."""
    return [Action.FORWARD] * first + [turn] + [Action.FORWARD] * (second - 1)


def _arrives(scene: Scene, moves: list[Action], place: Position) -> bool:
    end = scene.after(moves)
    return end is not None and ahead_of(end) == place


def _chain(
    names: list[str], places: dict[str, Position], length: int, way: Position
) -> list[str] | None:
    """Things each of which lies the same way from the one before, along both axes; None where there
    are not so many."""
    for name in names:
        later = [
            other
            for other in names
            if all(
                (there - here) * sign > 0
                for here, there, sign in zip(places[name], places[other], way, strict=True)
            )
        ]
        if length == 1:
            return [name]
        if rest := _chain(later, places, length - 1, way):
            return [name, *rest]
    return None


def _link(one: str, other: str, places: dict[str, Position], perspective: Perspective) -> str:
    """How the second thing lies from the first."""
    across, along = _related(places[one], places[other], perspective)
    if perspective is Perspective.EGOCENTRIC:
        return f"The {other} is {along} than the {one}, and to its {across}."
    return f"The {other} is {along} of the {one}, and {across} of it."
