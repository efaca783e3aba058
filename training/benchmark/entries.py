"""Who plays what: a benchmark's options worked out for every policy, before anything is played."""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import torch

import envs
from agent.checksums import sha256
from agent.loading import load, newest_model
from agent.precision import fastest_precision
from agent.types import Start
from envs.errors import unknown
from training.benchmark.config import BenchmarkConfig
from training.benchmark.contestants import (
    Conditions,
    Contestant,
    contestant,
    with_own_phrasing,
)
from training.benchmark.protocols import Protocol
from training.benchmark.store import Sheet
from training.circumstances import circumstances

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A contestant of a protocol, and all that it is to play."""

    contestant: Contestant
    weights: str
    """what `agent.load` takes: one checkpoint, where the policy is a run that may go on"""
    starts: tuple[Start, ...]
    options: Mapping[str, Any]
    """of all its worlds, beside those of the trials"""
    conditions: Conditions
    sheet: Sheet
    about: Mapping[str, Any]
    """goes into the sheet"""


def entries(config: BenchmarkConfig, protocol: Protocol, folder: Path) -> list[Entry]:
    """Everyone who takes part, in the order in which they were asked for.

    A checkpoint that was trained on another phrasing takes part twice: told in the protocol's
    words, and in its own.

    Raises:
        ValueError: for a policy that cannot be found, or cannot do what is asked.
    """
    for change in config.as_published:
        if change not in protocol.changes:
            raise unknown(f"change of {protocol.name}", change, protocol.changes)
    everyone: dict[str, Contestant] = {}
    for one in map(contestant, config.policies):
        if one.remote:
            load(one.source)  # whether there is a key
        if one.no_think and "prompt" in config.as_published:
            raise ValueError(
                f"{one.label}: with --as-published prompt nobody is asked for a thought; leave "
                "no-think"
            )
        if everyone.setdefault(one.slug, one) != one:
            raise ValueError(f"{everyone[one.slug].source} and {one.source} have one name.")
        if twin := with_own_phrasing(one):
            logger.warning(
                "%s was trained on observations told by %r: it plays told by 'sentences', as "
                "everybody, and told in its own words; both figures are given",
                one.source,
                twin.phrasing,
            )
            everyone[twin.slug] = twin
    for name in config.trials:
        protocol.trial(name)  # refuses what is unknown before anything is played
    common = _conditions(config)
    return [_entry(config, protocol, folder, one, common) for one in everyone.values()]


def _conditions(config: BenchmarkConfig) -> Conditions:
    precision: str = config.precision
    if precision == "auto":
        precision = fastest_precision("cuda" if torch.cuda.is_available() else "cpu")
    return Conditions(
        sliding="history" in config.as_published,
        bare="prompt" in config.as_published,
        shots=config.shots,
        reply_tokens=config.reply_tokens,
        answer_tokens=config.answer_tokens,
        temperature=config.temperature,
        precision=precision,
    )


def _entry(
    config: BenchmarkConfig,
    protocol: Protocol,
    folder: Path,
    one: Contestant,
    common: Conditions,
) -> Entry:
    episodes, first = _episodes(config, protocol, one)
    trials = [one.name for one in protocol.trials if not config.trials or one.name in config.trials]
    starts = tuple(
        Start(trial, seed)
        for seed in envs.seeds(envs.Split.TEST, episodes, first)
        for trial in trials
    )
    options = _options(config, protocol, one)
    weights = newest_model(Path(one.source)) or Path(one.source)
    sheet = Sheet(folder, one.slug)
    if config.precision == "auto" and sheet.begun:  # measured anew, it might be another
        common = replace(common, precision=sheet.about()["conditions"]["precision"])
    now = circumstances(None)
    about = {
        "protocol": protocol.name,
        "label": one.label,
        "told": one.told,
        "contestant": asdict(one),
        "model": _model(weights),
        "provider": os.environ.get("OPENAI_BASE_URL") if one.remote else None,
        "trials": trials,
        "episodes": episodes,
        "first_seed": starts[0].seed,
        "options": options,
        "as_published": sorted(set(config.as_published)),
        "conditions": asdict(common) if one.told else {"precision": common.precision},
        **{name: now[name] for name in ("command", "commit", "started")},
    }
    plain = json.loads(json.dumps(about))
    source = str(weights) if weights.is_dir() else one.source
    return Entry(one, source, starts, options, common, sheet, plain)


def _episodes(config: BenchmarkConfig, protocol: Protocol, one: Contestant) -> tuple[int, int]:
    """How many episodes of each trial, and the first one's place among the test seeds."""
    own = "seeds" in config.as_published
    usual = (protocol.published_episodes if own else None) or protocol.episodes
    episodes = config.episodes or usual
    if one.told and config.told_episodes:
        episodes = min(episodes, config.told_episodes)
    return episodes, crc32(one.slug.encode()) % 2**24 if own else 0


def _options(config: BenchmarkConfig, protocol: Protocol, one: Contestant) -> dict[str, Any]:
    """What worlds are made with, beside the trials' own options."""
    options: dict[str, Any] = {}
    limits = [config.turns, config.told_turns if one.told else 0]
    if any(limits):
        options["most_turns"] = min(filter(None, limits))
    if "unreadable" in config.as_published:
        options["fallback"] = protocol.fallback
    if one.phrasing:
        options["phrasing"] = one.phrasing
    return options


def _model(weights: Path) -> dict[str, Any] | None:
    """Which weights play, where they lie in a folder: there may be others in it tomorrow."""
    if not weights.is_dir():
        return None
    files = (*weights.glob("*.safetensors"), *weights.glob("*config.json"))
    return {path.name: sha256(path) for path in sorted(files)}
