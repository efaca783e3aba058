"""Result files: one record a run, controls marked and joined to their treatment."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.checksums import digest
from training.checkpoints import FORMAT
from training.config import to_json
from training.presets import preset
from training.results import collect, keep


def finished(folder: Path, **measured: float) -> Path:
    """A run folder that measured these success rates on 100 missions."""
    config = to_json(preset("tiny"))
    config["cold_plus_minutes"] = 4.0 if "cold_plus" in measured else 0.0
    folder.mkdir()
    about = {
        "format": FORMAT,
        "config": config,
        "command": "python -m scripts.train --preset tiny",
        "commit": "abc",
        "threads": 2,
    }
    (folder / "run.json").write_text(json.dumps(about | {"digest": digest(about)}))

    def figures(success: float) -> dict[str, Any]:
        return {"success": success, "low": success - 0.1, "high": success, "episodes": 100}

    evaluation: dict[str, Any] = {"random": figures(0.1), "seconds": 90.0}
    for name, success in measured.items():
        evaluation[name] = {"sampled": figures(success), "greedy": figures(success / 2)}
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    return folder


def test_a_treatment_holds_what_its_control_reached(tmp_path: Path) -> None:
    runs = [
        finished(tmp_path / "default-0", cold_start=0.7, grpo=0.95),
        finished(tmp_path / "plus-0", cold_start=0.7, cold_plus=0.75),
    ]
    treatment, control = collect(runs)
    assert (treatment["preset"], treatment["control"], treatment["minutes"]) == (
        "tiny",
        None,
        1.5,
    )
    assert treatment["lift"]["sampled"]["points"] == pytest.approx(25)
    assert treatment["lift"]["sampled"]["low"] > 10
    assert treatment["lift"]["greedy"]["points"] == pytest.approx(13)
    assert treatment["cold_plus"]["success"] == control["cold_plus"]["success"] == 0.75
    assert treatment["greedy"]["grpo"]["success"] == 0.475
    assert treatment["random"] == {"success": 0.1, "low": 0.0, "high": 0.1}
    assert control["control"] == "cold_plus" and "grpo" not in control


def test_what_is_kept_of_a_run_gives_the_same_record(tmp_path: Path) -> None:
    folder = finished(tmp_path / "default-permuted-2", cold_start=0.7, grpo=0.72)
    (folder / "report.md").write_text("# it")
    (folder / "plots").mkdir()
    (folder / "plots" / "success.png").write_bytes(b"png")
    (folder / "checkpoints").mkdir()
    for _ in range(2):  # again: replaced
        kept = keep(folder, tmp_path / "shelf")
    assert collect([kept]) == collect([folder])
    assert collect([kept])[0]["preset"] == "tiny"
    found = sorted(path.name for path in kept.rglob("*") if path.is_file())
    assert found == ["evaluation.json", "report.md", "run.json", "success.png"]


def test_zero_shot_play_is_sampled_alone(tmp_path: Path) -> None:
    folder = finished(tmp_path / "smollm2-0", zero_shot=0.1, cold_start=0.7, grpo=0.95)
    evaluation = json.loads((folder / "evaluation.json").read_text())
    del evaluation["zero_shot"]["greedy"]
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    (record,) = collect([folder])
    assert record["zero_shot"]["success"] == 0.1
    assert "zero_shot" not in record["greedy"] and "random" in record["greedy"]


def test_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"not finished.*--resume"):
        collect([finished(tmp_path / "default-0", cold_start=0.7)])
