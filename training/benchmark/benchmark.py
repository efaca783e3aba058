"""A benchmark from beginning to end: what is missing is played, and a report is made of it all."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from agent.types import Start
from training.benchmark.config import BenchmarkConfig
from training.benchmark.entries import Entry, entries
from training.benchmark.figures import Row
from training.benchmark.matches import Crew, Ended, Failed, Job, News, Ticked
from training.benchmark.protocols import Protocol
from training.benchmark.report import check_baselines, check_results, merge, write_report
from training.lock import take_lock

logger = logging.getLogger(__name__)

Progress = Callable[[Entry, float], object]
"""Told of how many more episodes of an entry, or parts of one, need not be played any more."""


def benchmark(
    config: BenchmarkConfig,
    protocol: Protocol,
    folder: Path,
    begin: Callable[[Sequence[Entry]], Progress],
) -> list[Row]:
    """Play what nobody has played yet, and write the report; of what was stopped, too.

    Args:
        config: who plays, and how.
        protocol: what.
        folder: where it is kept.
        begin: told of everyone who takes part.

    Returns:
        everyone's figures.

    Raises:
        ValueError: for what cannot be played, or not into this folder; then nothing was.
    """
    if config.json:
        check_results(config.json)
    everyone = [] if config.report_only else entries(config, protocol, folder)
    check_baselines(config.baseline, folder, [one.contestant.label for one in everyone])
    folder.mkdir(parents=True, exist_ok=True)
    with take_lock(folder, "--folder"):
        for entry in everyone:
            entry.sheet.check(entry.about)
        for entry in everyone:
            entry.sheet.open(entry.about)
        try:
            if everyone:
                _play(config, protocol, folder, everyone, begin(everyone))
        finally:
            rows = write_report(folder, protocol, config.baseline)
            if config.json:
                merge(config.json, protocol, rows)
    return rows


def _play(
    config: BenchmarkConfig,
    protocol: Protocol,
    folder: Path,
    everyone: Sequence[Entry],
    progress: Progress,
) -> None:
    """Deal out what is missing, and keep what ends."""
    cores = os.cpu_count() or 1
    workers = config.workers or cores
    api = replace(config.api, cache=config.api.cache or folder / "replies.sqlite")
    entry_of: dict[int, Entry] = {}
    jobs: list[Job] = []
    for entry in everyone:
        for starts in _dealt_out(entry, workers, progress):
            jobs.append(
                Job(
                    entry.contestant,
                    entry.weights,
                    protocol,
                    starts,
                    entry.options,
                    entry.conditions,
                    api,
                    threads=max(1, cores // workers),
                    seats=config.told_seats if entry.contestant.told else config.seats,
                )
            )
            entry_of[id(jobs[-1])] = entry

    def hear(job: Job, news: News) -> None:
        entry = entry_of[id(job)]
        match news:
            case Ended(episode, seconds, tokens):
                entry.sheet.add(episode, seconds, tokens)
                progress(entry, 1 - len(episode.turns) / episode.turn_limit)
            case Ticked(episodes):
                progress(entry, episodes)
            case Failed(reason):
                logger.warning("%s cannot go on: %s", entry.contestant.label, reason)
                entry.sheet.fail(reason)

    with Crew(workers) as crew:
        crew.play(jobs, hear)


def _dealt_out(entry: Entry, workers: int, progress: Progress) -> Iterator[tuple[Start, ...]]:
    """What an entry has not played yet, in as many parts as can be played at once."""
    done = {(one.trial, one.seed) for one in entry.sheet.played()}
    missing = [start for start in entry.starts if (start.task, start.seed) not in done]
    progress(entry, len(entry.starts) - len(missing))
    parts = 1 if entry.contestant.remote else workers  # a provider is asked for many at once
    for part in range(parts):
        if missing[part::parts]:
            yield tuple(missing[part::parts])
