"""Records of the mixed level: each setting once, with what the run behind it cost."""

import json
from pathlib import Path

import pytest

from agent.checksums import digest
from training.benchmark.figures import Cell, Row, cell
from training.benchmark.protocols import protocol
from training.benchmark.store import Played
from training.checkpoints import FORMAT
from training.config import to_json
from training.mixed import ALL_FIVE, records, settings
from training.presets import preset


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run: 10 minutes in all, 3 of them spent on measuring."""
    folder = tmp_path / "mixed-3"
    folder.mkdir()
    about = {
        "format": FORMAT,
        "config": to_json(preset("mixed")) | {"seed": 3},
        "command": "python -m scripts.train --preset mixed --seed 3",
        "commit": "abc",
    }
    (folder / "run.json").write_text(json.dumps(about | {"digest": digest(about)}))
    measured = {
        "random": {"seconds": 30.0},
        "grpo": {"sampled": {"seconds": 60.0}, "greedy": {"seconds": 50.0}},
        "seconds": 600.0,
    }
    (folder / "evaluation.json").write_text(json.dumps(measured))
    lines = [
        {"stage": "cold_start", "step": 0, "loss": 1.0, "seconds": 2.0},
        {"stage": "validation", "step": 0, "success": 0.5, "seconds": 40.0},
        {"stage": "grpo", "step": 0, "loss": 1.0, "seconds": 9.0, "world_steps": 700},
        {"stage": "grpo", "step": 1, "loss": 1.0, "seconds": 9.0, "world_steps": 500},
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def played(trial: str, won: int, count: int) -> Cell:
    episodes = [Played(trial, n, n < won, 7, 0, 0, 0.1, {}) for n in range(count)]
    return cell(episodes, count, {})


def row(label: str, cells: dict[str, Cell]) -> Row:
    return Row(label, False, cells, None, "", 10, 0, None, {}, (), "python -m scripts.mixed")


def test_the_five_tasks_count_the_same(run: Path) -> None:
    chosen = protocol("balrog-babyai")
    won = dict(zip(settings(chosen)[ALL_FIVE], (10, 9, 8, 7, 6), strict=True))
    [one] = records([row(str(run), {k: played(k, n, 10) for k, n in won.items()})], chosen)
    assert one["setting"] == ALL_FIVE
    assert one["success"] == pytest.approx(0.8)
    assert one["low"] < 0.8 < one["high"]
    assert one["by_task"] == {name: count / 10 for name, count in won.items()}
    assert (one["episodes"], one["seed"], one["model"]) == (50, 3, "nano")
    assert (one["policy"], one["how"], one["environment_steps"]) == ("grpo", "sampled", 1200)
    assert one["minutes"] == 7.0
    assert one["command"].endswith("--seed 3")


def test_a_cold_start_has_taken_no_steps_in_the_world(run: Path) -> None:
    [one] = records(
        [row(f"{run}@cold_start, greedy", {"trained mix": played("trained mix", 3, 10)})],
        protocol("mixed"),
    )
    assert (one["setting"], one["policy"], one["how"]) == ("trained mix", "cold_start", "greedy")
    assert one["environment_steps"] == 0


def test_what_has_not_been_played_is_no_record() -> None:
    chosen = protocol("balrog-babyai")
    assert records([row("reactive", {"goto": played("goto", 3, 10)})], chosen) == []
    [one] = records(
        [row("reactive", {"trained mix": played("trained mix", 3, 10)})], protocol("mixed")
    )
    assert one["policy"] == "reactive"
    assert "seed" not in one
