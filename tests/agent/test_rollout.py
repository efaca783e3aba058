"""Playing: order, seats and draws change nothing; what cannot be read is data."""

from collections.abc import Sequence

import pytest

from agent.policies import LiveEpisode, RandomPolicy, Response
from agent.replies import ReplyMode, render
from agent.rollout import play, play_groups
from agent.types import Episode, EpisodeStatus, ReplyStatus, Start, Turn
from tests.support.corridor import Corridor


class Scripted:
    """Says the same replies in every episode, one a turn, the last one for ever."""

    name = "scripted"
    mode = ReplyMode.THINK

    def __init__(self, *replies: str) -> None:
        self.replies = replies

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        last = len(self.replies) - 1
        return [Response(self.replies[min(len(one.turns), last)]) for one in live]


RIGHT = render("On.", "right")
STARTS = [(Start("corridor", seed), member) for seed in range(7) for member in range(3)]


def test_a_scripted_episode_is_noted_turn_by_turn() -> None:
    [episode] = play(Scripted("mumble", RIGHT), [(Start("corridor", 1), 0)], make=Corridor)
    assert episode.status is EpisodeStatus.SUCCESS
    assert [turn.status for turn in episode.turns] == [
        ReplyStatus.MISSING_ANSWER,
        ReplyStatus.OK,
        ReplyStatus.OK,
    ]
    assert [turn.action for turn in episode.turns] == ["", "right", "right"]
    assert [turn.reward for turn in episode.turns] == [0.0, 0.0, 1.0]
    assert (episode.episode_return, episode.unreadable, episode.success) == (1.0, 1, True)
    assert episode.turns[0].observation == "You see the goal 2 right."
    assert episode.turns[1].observation == (
        "Your reply could not be read: missing answer. You see the goal 2 right."
    )


def test_never_readable_runs_into_the_turn_limit_and_moves_nothing() -> None:
    [episode] = play(Scripted(""), [(Start("corridor", 0), 0)], make=Corridor)
    assert episode.status is EpisodeStatus.TRUNCATED
    assert len(episode.turns) == episode.turn_limit == 6
    assert all("goal 1 right" in turn.observation for turn in episode.turns)


@pytest.mark.parametrize("seats", [1, 2, 5, 100])
def test_seats_and_order_change_nothing(seats: int) -> None:
    expected = play(RandomPolicy(), STARTS, make=Corridor)
    assert play(RandomPolicy(), STARTS, make=Corridor, seats=seats) == expected
    backwards = play(RandomPolicy(), STARTS[::-1], make=Corridor, seats=seats)
    assert backwards[::-1] == expected


def test_members_of_a_group_share_the_start_and_not_the_luck() -> None:
    [group] = play_groups(RandomPolicy(), [Start("corridor", 2)], 8, make=Corridor)
    assert {episode.turns[0].observation for episode in group.episodes} == {
        "You see the goal 3 right."
    }
    assert len({tuple(turn.action for turn in one.turns) for one in group.episodes}) > 1
    other = play_groups(RandomPolicy(), [Start("corridor", 2)], 8, make=Corridor, stream=(1,))
    assert other != [group]


def test_turns_are_told_as_they_end() -> None:
    told: list[str] = []
    play(
        Scripted(RIGHT),
        [(Start("corridor", 2), 0)],
        make=Corridor,
        on_turn=lambda episode, turn: told.append(turn.observation),
    )
    assert told == [f"You see the goal {left} right." for left in (3, 2, 1)]


def test_the_time_of_worlds_is_told_apart_from_the_policys(monkeypatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("agent.rollout.perf_counter", lambda: clock[0])

    class SlowWorld(Corridor):
        def reset(self, **options):
            clock[0] += 10
            return super().reset(**options)

        def step(self, action):
            clock[0] += 1
            return super().step(action)

    class SlowPolicy(Scripted):
        def respond(self, live):
            clock[0] += 1000
            return super().respond(live)

    told: list[float] = []
    starts = [(Start("corridor", 0), 0), (Start("corridor", 2), 0)]  # of 1 turn and of 3
    play(SlowPolicy(RIGHT), starts, make=SlowWorld, on_worlds=told.append)
    assert told == [10 + 10 + 1 + 1, 1, 1]


def test_segments_are_cut_where_a_context_was_opened() -> None:
    def turn(opens: bool) -> Turn:
        return Turn("", "", "", "", ReplyStatus.OK, 0.0, opens_segment=opens)

    turns = tuple(turn(opens) for opens in (True, False, True, True, False))
    episode = Episode(Start("x", 0), 0, "", turns, EpisodeStatus.FAILURE, 9)
    assert [len(segment) for segment in episode.segments()] == [2, 1, 2]
