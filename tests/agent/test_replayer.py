"""An episode that was played is seen as it was, whatever has changed since."""

from dataclasses import replace
from functools import partial
from typing import Any

import envs
from agent.policies import ExpertPolicy
from agent.replayer import Replayer
from agent.rollout import MakeWorld, play
from agent.types import Episode, EpisodeStatus, Start
from agent.watching import Watched

START = Start("goto-local", 3)


def played(**options: Any) -> Episode:
    [episode] = play(ExpertPolicy(), [(START, 0)], make=partial(envs.make, **options))
    return episode


def seen(episode: Episode, make: MakeWorld = envs.make) -> Watched:
    watched = Watched(Replayer(episode, "again"), START, make)
    while not watched.ended and not watched.error:
        watched.think()
        watched.wait()
        if watched.ready:
            watched.act()
    return watched


def test_it_is_the_episode_step_for_step() -> None:
    episode = played()
    watched = seen(episode)
    assert watched.episode() == episode
    assert watched.panel(0).facts == ()


def test_observations_are_those_that_were_read() -> None:
    """Of a run in another phrasing, too."""
    episode = played(phrasing="map")
    assert "\n" in episode.turns[0].observation
    assert seen(episode).episode() == episode


def test_it_ends_as_it_ended() -> None:
    """A world with a limit of its own would go on."""
    episode = played(turn_limit=2)
    assert episode.status is EpisodeStatus.TRUNCATED
    watched = seen(episode)
    assert watched.episode() == episode
    assert watched.panel(0).turn_limit == 2


def test_another_world_is_said_to_be_one() -> None:
    episode = played()
    turns = (replace(episode.turns[0], state=-1), *episode.turns[1:])
    watched = seen(replace(episode, turns=turns))
    assert ("replay", "goes another way than it was played") in watched.panel(1).facts


def test_where_someone_took_over_the_record_ends_in_a_word() -> None:
    watched = Watched(Replayer(played(), "again"), START, envs.make)
    for _ in range(len(watched.policy.episode.turns)):  # type: ignore[union-attr]
        watched.take_over()
        watched.say("turn left")
        watched.act()
    watched.hand_back()
    watched.think()
    watched.wait()
    assert "the recorded episode ends here" in watched.error
