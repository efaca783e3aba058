"""An expert does what can be chosen from what is read, by one who has no map."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

import envs
from envs.expert import expert_for
from envs.grid_world import GridWorld
from envs.memory import DIRECTIONS
from envs.planner import passable
from envs.tasks import seeds

MOVES = ("turn left", "turn right", "go forward")


def turns(task: str, count: int) -> Iterator[tuple[str, str, tuple[object, ...]]]:
    """(thought, action, what one can go by) of episodes in which a third of the moves is habit."""
    world = envs.make(task)
    assert isinstance(world, GridWorld)
    random = np.random.default_rng(0)
    for seed in seeds("train", count):
        world.reset(seed=seed)
        expert, last = expert_for(world), ""
        while world.status.value == "running":
            advice = expert.advise()
            (x, y), heading = expert.memory.pose
            around = [DIRECTIONS[(heading + turn) % 4] for turn in (0, 3, 1)]
            free = tuple(
                passable(expert.memory.cells.get((x + dx, y + dy), None)) for dx, dy in around
            )
            look = re.search(r"look (\d)(?:, it should be ([^,]+))?", advice.thought)
            yield advice.thought, advice.action, (look and look.groups(), last, free)
            strays = last in MOVES and random.random() < 1 / 3
            last = last if strays else advice.action
            world.step(last)


def knowable(found: list[tuple[str, tuple[object, ...]]]) -> float:
    """The share of actions that are the most frequent one for what one can go by."""
    actions: dict[tuple[object, ...], Counter[str]] = defaultdict(Counter)
    for action, by in found:
        actions[by][action] += 1
    return sum(max(one.values()) for one in actions.values()) / len(found)


def test_looking_and_putting_down_follow_from_what_is_read() -> None:
    seeking, following, emptying = [], [], []
    for thought, action, by in turns("mixed-lessons", 150):
        if "should be" in thought:
            following.append((action, by))
        elif "nowhere, look" in thought:
            seeking.append((action, by))
        elif "free place" in thought or "place ahead is free" in thought:
            emptying.append((action, by))
    assert min(map(len, (seeking, following, emptying))) > 100
    assert knowable(seeking) > 0.9
    assert knowable(following) > 0.8
    assert knowable(emptying) > 0.95


def test_full_hands_are_soon_empty_and_nothing_is_put_down_where_it_was_in_the_way() -> None:
    walked, before = 0, ("", "")
    for thought, action, _ in turns("mixed-putnext", 150):
        if action == "drop" and "place ahead is free" in thought:
            assert before[1] != "pick up"
        walked = walked + 1 if "look for a free place" in thought else 0
        assert walked < 12
        before = thought, action
