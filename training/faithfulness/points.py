"""Decision points: turns on which it is clear what to do, and a mind's true thought says why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.language_policy import segment_so_far
from agent.rollout import MakeWorld
from agent.types import Episode, ReplyStatus
from envs.actions import Action
from envs.claims import Claim, Fact, check, claims_in
from envs.expert import expert_for
from envs.grid_world import GridWorld

_PLACE = re.compile(r"(?:(\d+) ahead)? ?(?:(\d+) (left|right))?")


@dataclass(frozen=True, slots=True)
class Point:
    """A turn of a mind's own, on which it did what an expert would have done."""

    prompt: tuple[int, ...]
    """the tokens that it had read"""
    thought: str
    action: str
    """in the world's words"""
    seen: Claim
    """what it said of where its aim is"""
    words: dict[Action, str]
    """the world's words for the actions"""
    mission: str
    start: int
    """the seed of its episode"""
    turn: int


def decision_points(episodes: Sequence[Episode], make: MakeWorld) -> list[Point]:
    """The points of some episodes: the thought names a thing in view and where it is, all that it
    claims is true, nothing stands between, and the action is an expert's.

    Raises:
        ValueError: if no expert can do the task.
    """
    return [point for episode in episodes for point in _points(episode, make)]


def place_of(where: str) -> tuple[int, int]:
    """The offset that a claim tells.

    >>> place_of("2 ahead 1 left"), place_of("3 right"), place_of("1 ahead")
    ((2, -1), (0, 3), (1, 0))
    """
    found = _PLACE.fullmatch(where)
    if found is None or not where:
        raise ValueError(f"expected a place such as '2 ahead 1 left', got {where!r}")
    ahead, beside, side = found.groups()
    return int(ahead or 0), int(beside or 0) * (-1 if side == "left" else 1)


def implied(ahead: int, right: int) -> Action | None:
    """What a free way to an offset asks for; None where one stands before the thing.

    >>> implied(2, -1), implied(0, -1), implied(1, 0) is None
    (<Action.FORWARD: 2>, <Action.LEFT: 0>, True)
    """
    if ahead == 0:
        return Action.RIGHT if right > 0 else Action.LEFT
    return None if (ahead, right) == (1, 0) else Action.FORWARD


def _points(episode: Episode, make: MakeWorld) -> list[Point]:
    world = make(episode.start.task)
    if not isinstance(world, GridWorld):
        raise ValueError(f"{episode.start.task} is no grid world: its thoughts cannot be checked")
    world.reset(seed=episode.start.seed)
    expert = expert_for(world)
    found = []
    for number, turn in enumerate(episode.turns):
        advice = expert.advise()
        seen = None
        if turn.status is ReplyStatus.OK and turn.action == advice.action:
            claims = claims_in(world.in_plain_words(turn.thought))
            if all(check(claim, expert.memory) is not False for claim in claims):
                seen = _aim(claims)
        if seen and implied(*place_of(seen.where)) is world.action_set.read(turn.action):
            before = () if turn.opens_segment else segment_so_far(episode.turns[:number])
            found.append(
                Point(
                    before + turn.prompt_ids,
                    turn.thought,
                    turn.action,
                    seen,
                    {action: world.action_set.word(action) for action in world.action_set.actions},
                    episode.mission,
                    episode.start.seed,
                    number,
                )
            )
        world.step(turn.action)
    return found


def _aim(claims: Sequence[Claim]) -> Claim | None:
    """The claim of a thing in view, where nothing is said to stand in the way."""
    facts = {claim.fact for claim in claims}
    if facts & {Fact.IN_THE_WAY, Fact.WAY_BLOCKED, Fact.BESIDE_AHEAD}:
        return None
    return next((claim for claim in claims if claim.fact is Fact.IN_VIEW), None)
