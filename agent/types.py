"""The records of play: what a turn, an episode and a group are."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from envs.text_world import EpisodeStatus

__all__ = ["Episode", "EpisodeStatus", "Group", "Reply", "ReplyStatus", "Start", "Turn"]


class ReplyStatus(StrEnum):
    """How a reply was read. Everything but `OK` costs a turn and moves nothing."""

    OK = "ok"
    TRUNCATED = "truncated"
    """ran into the token limit before its end"""
    FORGED = "forged"
    """writes what only the world may say: a turn delimiter, an observation, a reward"""
    MISSING_THINK = "missing think"
    MISSING_ANSWER = "missing answer"
    REPEATED = "repeated"
    """a second think or a second answer"""
    REORDERED = "reordered"
    """the answer stands before the thought"""
    NESTED = "nested"
    """one tag inside the other"""
    UNPAIRED = "unpaired"
    """a tag is opened and not closed, or closed and not opened"""
    STRAY_TEXT = "stray text"
    """words outside the tags"""
    NOT_FILLER = "not filler"
    """words in the thought where the mode asks for dots"""
    EMPTY_ANSWER = "empty answer"
    UNKNOWN_ACTION = "unknown action"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as the parser read it; `action` is empty unless `status` is OK."""

    text: str
    thought: str
    action: str
    status: ReplyStatus


@dataclass(frozen=True, slots=True)
class Start:
    """Where an episode begins: the same start is the same episode, everywhere."""

    task: str
    seed: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One observation, the reply to it and what it earned.

    Token ids are kept as they were sampled and never made from text again. `prompt_ids` are the
    tokens appended before the reply: the whole opening of the context where `opens_segment`,
    otherwise what came since the last reply. They are empty for policies that use no tokens.
    """

    observation: str
    reply: str
    thought: str
    action: str
    status: ReplyStatus
    reward: float
    state: int = 0
    """equal for equal states of the world before the reply"""
    prompt_ids: tuple[int, ...] = ()
    reply_ids: tuple[int, ...] = ()
    log_probs: tuple[float, ...] = ()
    opens_segment: bool = False
    slip: bool = False
    """a demonstrator's mistake, made on purpose: to be read, and not to be imitated"""


@dataclass(frozen=True, slots=True)
class Episode:
    """A played episode, from reset to end."""

    start: Start
    member: int
    """which of its group's K episodes this is"""
    mission: str
    turns: tuple[Turn, ...]
    status: EpisodeStatus
    turn_limit: int

    @property
    def success(self) -> bool:
        """Whether the mission was fulfilled."""
        return self.status is EpisodeStatus.SUCCESS

    @property
    def episode_return(self) -> float:
        """The sum of the world's rewards."""
        return sum(turn.reward for turn in self.turns)

    @property
    def unreadable(self) -> int:
        """How many of its replies could not be read."""
        return sum(turn.status is not ReplyStatus.OK for turn in self.turns)

    def segments(self) -> Iterator[tuple[Turn, ...]]:
        """Its turns, cut where a new context was opened; one segment is one training row."""
        first = 0
        for index, turn in enumerate(self.turns):
            if turn.opens_segment and index > first:
                yield self.turns[first:index]
                first = index
        if self.turns:
            yield self.turns[first:]


@dataclass(frozen=True, slots=True)
class Group:
    """K episodes from one start; their returns are compared with one another alone."""

    start: Start
    episodes: tuple[Episode, ...]
