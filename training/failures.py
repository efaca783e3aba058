"""Why an episode failed: told from its last turns, with an expert looking on.

The episode is played again. On each turn its thought's claims are checked against what had been
observed, and an expert that stands in the same place, after the same deeds, says what it would aim
at. What then distinguishes the last turns is taken for the cause, the first of these that holds.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent.rollout import MakeWorld
from agent.types import Episode, ReplyStatus
from envs.claims import Claim, Fact, check, claims_in
from envs.expert import expert_for
from envs.grid_world import GridWorld
from training.markdown import plain, table_lines

LAST = 20
"""Turns from the end that are looked at."""


class Cause(StrEnum):
    """What a failed episode is put down to."""

    FORMAT = "format"
    WRONG_SUBGOAL = "wrong subgoal"
    PERCEPTION = "perception"
    LOST_TARGET = "lost target"
    LOOP = "loop"
    SLOW = "too slow"


MEANING = {
    Cause.FORMAT: "half of its last replies, or more, cannot be read",
    Cause.WRONG_SUBGOAL: "half of its last thoughts, or more, are not of what an expert thinks of",
    Cause.PERCEPTION: "a quarter of its last thoughts, or more, claim what was not observed",
    Cause.LOST_TARGET: "what it should go for is out of its sight most of the time",
    Cause.LOOP: "it thinks of the right thing, and comes back to where it was",
    Cause.SLOW: "none of these: its turns ran out on the way",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed episode, and what speaks for its cause. Shares are of its last turns."""

    episode: Episode
    cause: Cause
    unreadable: float
    untrue: float
    """of turns whose thought claims something that does not hold"""
    astray: float
    """of thoughts about another thing than the expert's"""
    out_of_sight: float
    """of turns on which the expert would look for something"""
    states: int
    """how many states of the world there were among them"""


@dataclass(frozen=True, slots=True)
class _Look:
    """One turn, as the expert who looks on sees it."""

    readable: bool
    untrue: bool
    thing: str
    """what its thought is about; empty where that is nothing in view or in mind"""
    wanted: str
    """what the expert's would be about"""
    out_of_sight: bool
    state: int


def failures(episodes: Sequence[Episode], make: MakeWorld) -> list[Failure]:
    """Those of the episodes that failed, each with its cause.

    Raises:
        ValueError: if no expert can do the task, and so none can look on.
    """
    return [_failure(one, make) for one in episodes if not one.success]


def count_causes(found: Sequence[Failure]) -> dict[Cause, int]:
    """How many failures each cause has, the most frequent first."""
    return dict(Counter(one.cause for one in found).most_common())


def _failure(episode: Episode, make: MakeWorld) -> Failure:
    looks = _looks(episode, make)[-LAST:]
    told = [look for look in looks if look.thing and look.wanted]
    unreadable = _share([not look.readable for look in looks])
    untrue = _share([look.untrue for look in looks])
    astray = _share([look.thing != look.wanted for look in told])
    out_of_sight = _share([look.out_of_sight for look in looks])
    states = len({look.state for look in looks})
    if unreadable >= 0.5:
        cause = Cause.FORMAT
    elif astray >= 0.5:
        cause = Cause.WRONG_SUBGOAL
    elif untrue >= 0.25:
        cause = Cause.PERCEPTION
    elif out_of_sight > 0.5:
        cause = Cause.LOST_TARGET
    else:
        cause = Cause.LOOP if states <= len(looks) / 2 else Cause.SLOW
    return Failure(episode, cause, unreadable, untrue, astray, out_of_sight, states)


def _share(held: Sequence[bool]) -> float:
    return sum(held) / len(held) if held else 0.0


def _looks(episode: Episode, make: MakeWorld) -> list[_Look]:
    world = make(episode.start.task)
    if not isinstance(world, GridWorld):
        raise ValueError(f"{episode.start.task} is no grid world: no expert can look on there")
    world.reset(seed=episode.start.seed)
    expert = expert_for(world)
    looks = []
    for turn in episode.turns:
        advice = expert.advise()
        wanted = claims_in(world.in_plain_words(advice.thought))
        claims = claims_in(world.in_plain_words(turn.thought))
        looks.append(
            _Look(
                readable=turn.status is ReplyStatus.OK,
                untrue=any(check(claim, expert.memory) is False for claim in claims),
                thing=_about(claims),
                wanted=_about(wanted),
                out_of_sight=not any(
                    claim.fact in (Fact.IN_VIEW, Fact.BESIDE_AHEAD, Fact.AHEAD_FREE)
                    for claim in wanted
                ),
                state=turn.state,
            )
        )
        world.step(turn.action)
    return looks


def _about(claims: Sequence[Claim]) -> str:
    """The thing that a thought aims at: the last that it names besides obstacles and deeds."""
    aims = (Fact.IN_VIEW, Fact.OUT_OF_VIEW, Fact.NOT_IN_VIEW, Fact.SEEN, Fact.BESIDE_AHEAD)
    return next((claim.thing for claim in reversed(claims) if claim.fact in aims), "")


def failures_report(
    policy: str, found: Sequence[Failure], played: int, sheets: Sequence[str]
) -> str:
    """The causes as a table in Markdown, and every failure on a line below it.

    Args:
        policy: what played.
        found: the failures, in the order in which they were played.
        played: how many episodes they were found among.
        sheets: files of pictures, shown at the end.
    """
    causes = count_causes(found)
    lines = [
        f"# Why {plain(policy)} fails",
        "",
        f"{len(found)} failures among {played} episodes of the test split, each put down to the "
        f"first cause that holds of its last {LAST} turns.",
        "",
        *table_lines(
            ("cause", "episodes", "what it means"),
            [(cause.value, str(count), MEANING[cause]) for cause, count in causes.items()],
        ),
        "",
        *[f"![A failure, turn by turn]({sheet})" for sheet in sheets],
        "",
        *table_lines(
            ("mission", "seed", "cause", "turns", "untrue", "astray", "out of sight", "states"),
            [
                (
                    plain(one.episode.mission),
                    str(one.episode.start.seed),
                    one.cause.value,
                    str(len(one.episode.turns)),
                    *(f"{share:.0%}" for share in (one.untrue, one.astray, one.out_of_sight)),
                    str(one.states),
                )
                for one in found
            ],
        ),
    ]
    return "\n".join(lines) + "\n"
