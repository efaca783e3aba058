"""How well the experts do: every level that can be played, some episodes each."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import envs
from envs.expert import CANNOT, Expert
from envs.grid_world import GridWorld
from envs.tasks import Split, seeds
from envs.text_world import EpisodeStatus

log = logging.getLogger(__name__)


LEFT_OUT = {"text/MiniGrid-Playground-v0", "text/BabyAI-SynthS5R2-v0"}
"""A level without a mission, and one that for some seeds looks forever for a place to start."""


@dataclass(frozen=True, slots=True)
class ExpertRecord:
    """An expert on one level."""

    world: str
    successes: int
    episodes: int
    mean_turns: float
    """Over all episodes; one in which the expert is stuck ends there."""
    trouble: str = ""
    """What went wrong in the last episode that failed."""


def measurable() -> list[str]:
    """The worlds on which experts can be measured."""
    return [name for name in envs.worlds() if name not in LEFT_OUT]


def measure_experts(worlds: Iterable[str], episodes: int) -> list[ExpertRecord]:
    """Let the expert play validation seeds of each world, those it cannot do included."""
    records = []
    for world_id in worlds:
        records.append(_measure(world_id, episodes))
        log.info("%s", records[-1])
    return records


def expert_table(records: Iterable[ExpertRecord]) -> str:
    """The records as a Markdown table."""
    lines = ["| level | success | mean turns | |", "|---|---|---|---|"]
    for record in records:
        name = record.world.removeprefix("text/")
        refused = any(name.startswith(beginning) for beginning in CANNOT)
        trouble = record.trouble.partition(",")[0]
        note = f"no expert ({trouble or 'by chance'}) " if refused else f"{trouble} ".lstrip()
        score = f"{record.successes}/{record.episodes}"
        lines.append(f"| {name} | {score} | {record.mean_turns:.1f} | {note}|")
    return "\n".join(lines)


def _measure(world_id: str, episodes: int) -> ExpertRecord:
    world = envs.make(world_id)
    assert isinstance(world, GridWorld)
    outcomes = [_play(world, seed) for seed in seeds(Split.VALIDATION, episodes)]
    troubles = [trouble for trouble, _ in outcomes if trouble]
    turns = sum(turns for _, turns in outcomes) / episodes
    last = troubles[-1] if troubles else ""
    return ExpertRecord(world_id, episodes - len(troubles), episodes, turns, last)


def _play(world: GridWorld, seed: int) -> tuple[str, int]:
    """What went wrong (empty: nothing), and the turns it took."""
    world.reset(seed=seed)
    try:
        expert = Expert(world)
    except ValueError as error:
        return str(error), 0
    while world.status is EpisodeStatus.RUNNING:
        advice = expert.advise()
        if advice.stuck:
            return "stuck", world.turn
        world.step(advice.action)
    return "" if world.status is EpisodeStatus.SUCCESS else str(world.status), world.turn
