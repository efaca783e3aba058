"""Playing: a policy, some starts, and the episodes that come of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from time import perf_counter
from typing import Any
from zlib import crc32

import numpy as np

import envs
from agent.memory import TooManyLive
from agent.policies import LiveEpisode, Policy, Response
from agent.replies import ReplyMode, complaint, parse
from agent.types import Episode, Group, ReplyStatus, Start, Turn
from envs.text_world import EpisodeStatus, Info, TextWorld

MakeWorld = Callable[[str], TextWorld]


def play(
    policy: Policy,
    starts: Iterable[tuple[Start, int]],
    *,
    stream: Sequence[int] = (0,),
    seats: int = 128,
    make: MakeWorld = envs.make,
    on_turn: Callable[[LiveEpisode, Turn], None] | None = None,
    on_episode: Callable[[Episode], object] | None = None,
    on_worlds: Callable[[float], object] | None = None,
) -> list[Episode]:
    """Play every start to its end.

    Args:
        policy: who answers.
        starts: (start, member) pairs; members of one group share a start and differ in what
            they draw.
        stream: numbers that, with start and member, seed each episode's random draws.
        seats: episodes alive at once; as one ends, the next waiting start takes its seat. Where
            memory has no room for so many, some wait in mid-episode until others have ended.
        make: makes a world from a task's name.
        on_turn: told of every turn as it ends.
        on_episode: told of every episode as it ends.
        on_worlds: told, turn by turn, of the seconds that all worlds together took.

    Returns:
        The episodes, in the order of `starts`.
    """
    waiting = iter(enumerate(starts))
    keys = count()
    spare: dict[str, list[TextWorld]] = {}
    done: dict[int, Episode] = {}
    live: list[tuple[int, LiveEpisode]] = []
    paused: list[tuple[int, LiveEpisode]] = []

    def sit_down() -> Iterator[tuple[int, LiveEpisode]]:
        while paused and len(live) < seats:
            yield paused.pop()
        while len(live) < seats and (following := next(waiting, None)) is not None:
            place, (start, member) = following
            worlds = spare.setdefault(start.task, [])
            world = worlds.pop() if worlds else make(start.task)
            yield place, begin(next(keys), start, member, world, stream)

    while True:
        began = perf_counter()
        live.extend(sit_down())
        if not live:
            return [done[place] for place in sorted(done)]
        seated = perf_counter()
        try:
            responses = policy.respond([episode for _, episode in live])
        except TooManyLive as error:
            seats = error.room
            paused, live = live[seats:], live[:seats]
            continue
        responded = perf_counter()
        going = []
        for (place, episode), response in zip(live, responses, strict=True):
            status = take_turn(episode, response, policy.mode)
            if on_turn:
                on_turn(episode, episode.turns[-1])
            if status is EpisodeStatus.RUNNING:
                going.append((place, episode))
            else:
                done[place] = _end(episode, status)
                if on_episode:
                    on_episode(done[place])
                spare[episode.start.task].append(episode.world)
        live = going
        if on_worlds:
            on_worlds(seated - began + perf_counter() - responded)


def play_groups(
    policy: Policy, starts: Sequence[Start], group_size: int, **options: object
) -> list[Group]:
    """Play K = `group_size` episodes from each start; `options` are those of `play`."""
    pairs = [(start, member) for start in starts for member in range(group_size)]
    episodes = play(policy, pairs, **options)  # type: ignore[arg-type]
    return [
        Group(start, tuple(episodes[group_size * place : group_size * (place + 1)]))
        for place, start in enumerate(starts)
    ]


def begin(
    key: int, start: Start, member: int, world: TextWorld, stream: Sequence[int]
) -> LiveEpisode:
    """An episode before its first turn, its world reset; `key` is its own."""
    observation, info = world.reset(seed=start.seed)
    name = crc32(start.task.encode())
    random = np.random.default_rng([*stream, name, start.seed, member])
    return LiveEpisode(
        key, start, member, world, info["mission"], observation, random, _state(info)
    )


def take_turn(episode: LiveEpisode, response: Response, mode: ReplyMode) -> EpisodeStatus:
    """Read the response, act on it, and note the turn."""
    world = episode.world
    reply = parse(response.text, world.can_read, mode, truncated=response.truncated)
    observation, reward, _, _, info = world.step(reply.action)
    episode.turns.append(
        Turn(
            observation=episode.observation,
            reply=reply.text,
            thought=reply.thought,
            action=reply.action,
            status=reply.status,
            reward=float(reward),
            state=episode.state,
            prompt_ids=response.prompt_ids,
            reply_ids=response.reply_ids,
            log_probs=response.log_probs,
            opens_segment=response.opens_segment,
            slip=response.slip,
        )
    )
    if reply.status is not ReplyStatus.OK:
        observation = f"{complaint(reply.status)} {observation}"
    episode.observation = observation
    episode.state = _state(info)
    return EpisodeStatus(info["status"])


def _state(info: Info) -> int:
    """A number for the world's state, whatever has been seen of it."""

    def unseen(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: unseen(one) for key, one in value.items() if key != "seen"}
        return tuple(map(unseen, value)) if isinstance(value, tuple) else value

    return crc32(repr(unseen(info["truth"])).encode())


def _end(episode: LiveEpisode, status: EpisodeStatus) -> Episode:
    return Episode(
        episode.start,
        episode.member,
        episode.mission,
        tuple(episode.turns),
        status,
        episode.world.turn_limit,
    )
