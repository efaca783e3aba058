"""A benchmark from beginning to end: who plays what, the playing, and what is kept of it."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import envs
from agent.checksums import STATE, sha256
from agent.loading import load, newest_model
from agent.types import Start
from training.benchmark.config import BenchmarkConfig
from training.benchmark.contestants import (
    Conditions,
    Contestant,
    contestant,
    trained_phrasing,
    with_own_phrasing,
)
from training.benchmark.matches import Crew, Ended, Failed, Job, News, Ticked
from training.benchmark.protocols import Protocol
from training.benchmark.store import Sheet
from training.circumstances import circumstances

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A contestant of a protocol, and all that it is to play."""

    contestant: Contestant
    starts: tuple[Start, ...]
    options: Mapping[str, Mapping[str, Any]]
    """of the worlds, by trial"""
    sheet: Sheet
    about: Mapping[str, Any]
    """goes into the sheet"""

    @property
    def turn_limit(self) -> int:
        """Turns that all its episodes together may have, were none to end before."""
        limits = {name: options["turn_limit"] for name, options in self.options.items()}
        return sum(limits[start.task] for start in self.starts)


def entries(config: BenchmarkConfig, protocol: Protocol, folder: Path) -> list[Entry]:
    """Everyone who takes part, in the order in which they were asked for.

    A checkpoint that was trained on another phrasing takes part twice: told in the protocol's
    words, and in its own.

    Raises:
        ValueError: for a policy that cannot be found, or cannot do what is asked.
    """
    asked = [contestant(text) for text in config.policies]
    for one in asked:
        if one.remote:
            load(one.source)  # whether there is a key
    everyone: dict[str, Contestant] = {}
    for one in asked:
        everyone[one.slug] = one
        if twin := with_own_phrasing(one):
            logger.warning(
                "%s was trained on observations told by %r: it plays told by 'sentences', as "
                "everybody, and told in its own words; both figures are given",
                one.source,
                trained_phrasing(Path(one.source)),
            )
            everyone[twin.slug] = twin
    return [
        _entry(config, protocol, folder, one, order) for order, one in enumerate(everyone.values())
    ]


def conditions(config: BenchmarkConfig) -> Conditions:
    """What all language models have in common."""
    return Conditions(
        sliding="history" in config.as_published,
        bare="prompt" in config.as_published,
        shots=config.shots,
        reply_tokens=config.reply_tokens,
        temperature=config.temperature,
        precision=config.precision,
    )


def _entry(
    config: BenchmarkConfig, protocol: Protocol, folder: Path, one: Contestant, order: int
) -> Entry:
    episodes, first = _episodes(config, protocol, one)
    starts = tuple(
        Start(trial.name, seed)
        for seed in envs.seeds(envs.Split.TEST, episodes, first)
        for trial in protocol.trials
    )
    options = {trial.name: _options(config, protocol, one, trial.name) for trial in protocol.trials}
    common = conditions(config)
    about = {
        "protocol": protocol.name,
        "label": one.label,
        "order": order,
        "told": one.told,
        "contestant": asdict(one),
        "model": _model(one),
        "trials": [trial.name for trial in protocol.trials],
        "episodes": episodes,
        "first_seed": starts[0].seed,
        "options": options,
        "as_published": list(config.as_published),
        "conditions": asdict(common) if one.told else {},
        **{name: circumstances(None)[name] for name in ("command", "commit", "started")},
    }
    return Entry(one, starts, options, Sheet(folder, one.slug), about)


def _episodes(config: BenchmarkConfig, protocol: Protocol, one: Contestant) -> tuple[int, int]:
    """How many episodes of each trial, and the first one's place among the test seeds."""
    own = "seeds" in config.as_published
    usual = (protocol.published_episodes if own else None) or protocol.episodes
    episodes = config.episodes or usual
    if one.told and config.told_episodes:
        episodes = min(episodes, config.told_episodes)
    return episodes, crc32(one.slug.encode()) % 2**24 if own else 0


def _options(
    config: BenchmarkConfig, protocol: Protocol, one: Contestant, trial: str
) -> dict[str, Any]:
    """What a world is made with, beside the trial's own options."""
    world = protocol.trial(trial).make()
    world.reset(seed=0)
    limit = config.turns or world.turn_limit
    if one.told and config.told_turns:
        limit = min(limit, config.told_turns)
    options: dict[str, Any] = {"turn_limit": limit}
    if "unreadable" in config.as_published and protocol.fallback:
        options["fallback"] = protocol.fallback
    if one.phrasing and "phrasing" not in protocol.trial(trial).options:
        options["phrasing"] = one.phrasing
    return options


def _model(one: Contestant) -> dict[str, str] | None:
    """Which weights play, where they are a run's: it may have gone on since."""
    folder = newest_model(Path(one.source))
    if folder is None:
        return None
    return {"checkpoint": folder.name, "sha256": sha256(folder / STATE)}


def play_missing(
    config: BenchmarkConfig,
    protocol: Protocol,
    folder: Path,
    everyone: Sequence[Entry],
    progress: Callable[[Entry, int], object],
) -> None:
    """Play what nobody has played yet.

    Args:
        config: how.
        protocol: what.
        folder: where it is kept.
        everyone: who.
        progress: told of turns that will not have to be played any more.

    Raises:
        ValueError: if a sheet was played otherwise; then nothing is played.
    """
    for entry in everyone:
        entry.sheet.open(entry.about)
    workers = config.workers or os.cpu_count() or 1
    api = replace(config.api, cache=config.api.cache or folder / "replies.sqlite")
    entry_of: dict[int, Entry] = {}
    jobs: list[Job] = []
    for entry in everyone:
        for starts in _dealt_out(entry, workers, progress):
            job = Job(
                entry.contestant,
                protocol,
                starts,
                entry.options,
                conditions(config),
                api,
                max(1, (os.cpu_count() or 1) // workers),
                config.seats,
            )
            jobs.append(job)
            entry_of[id(job)] = entry

    def hear(job: Job, news: News) -> None:
        entry = entry_of[id(job)]
        match news:
            case Ended(episode, seconds, tokens):
                entry.sheet.add(episode, seconds, tokens)
                limit = entry.options[episode.start.task]["turn_limit"]
                progress(entry, limit - len(episode.turns))
            case Ticked(turns):
                progress(entry, turns)
            case Failed(reason):
                logger.warning("%s cannot go on: %s", entry.contestant.label, reason)
                entry.sheet.fail(reason)

    with Crew(workers) as crew:
        crew.play(jobs, hear)


def _dealt_out(
    entry: Entry, workers: int, progress: Callable[[Entry, int], object]
) -> Iterator[tuple[Start, ...]]:
    """What an entry has not played yet, in as many parts as can be played at once."""
    done = {(one.trial, one.seed) for one in entry.sheet.played()}
    missing = [start for start in entry.starts if (start.task, start.seed) not in done]
    gone = sum(entry.options[name]["turn_limit"] for name, _ in done)
    progress(entry, gone)
    parts = 1 if entry.contestant.remote else workers
    for part in range(parts):
        if missing[part::parts]:
            yield tuple(missing[part::parts])
