"""Small hand-made episodes for the tests of this folder."""

from agent.types import Episode, EpisodeStatus, Group, ReplyStatus, Start, Turn

START = Start("a task", 7)


def turn(prompt=(), reply=(), *, opens=False, status=ReplyStatus.OK, log_probs=None) -> Turn:
    """A turn of these tokens; each sampled with log-probability -1 unless said otherwise."""
    return Turn(
        observation="", reply="", thought="", action="", status=status, reward=0.0,
        prompt_ids=tuple(prompt), reply_ids=tuple(reply), opens_segment=opens,
        log_probs=(-1.0,) * len(reply) if log_probs is None else tuple(log_probs),
    )  # fmt: skip


def episode(*turns: Turn, success: bool = True, turn_limit: int = 10, member: int = 0) -> Episode:
    """An episode of these turns."""
    status = EpisodeStatus.SUCCESS if success else EpisodeStatus.FAILURE
    return Episode(START, member, "a mission", turns, status, turn_limit)


def group(*episodes: Episode) -> Group:
    """A group of these episodes."""
    return Group(START, episodes)
