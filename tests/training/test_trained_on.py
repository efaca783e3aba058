"""What a policy was trained on: told by its run, or by its name."""

from dataclasses import replace
from pathlib import Path

import pytest

from scripts import benchmark, watch
from training.config import to_json
from training.presets import tiny
from training.run_dir import RunDir
from training.trained_on import trained_phrasing, trained_task


def test_a_run_and_its_checkpoints_say_what_they_were_trained_on(tmp_path: Path) -> None:
    run = tmp_path / "mine"
    with RunDir.create(run, to_json(replace(tiny(), task="goto-local", phrasing="list"))):
        pass
    for place in (str(run), f"{run}@cold_start", str(run / "checkpoints" / "0001-grpo-1")):
        assert (trained_task(place), trained_phrasing(place)) == ("goto-local", "list")


@pytest.mark.parametrize(
    ("source", "task"),
    [("nano-mixed", "mixed"), ("expert", "goto-small"), ("smollm2", "goto-small")],
)
def test_who_comes_from_no_run_has_a_usual_task(source: str, task: str) -> None:
    assert trained_task(source) == task
    assert trained_phrasing(source) is None


def test_without_a_run_of_ones_own_the_trained_mind_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    watch.main(["--headless", "--record", "out.png", "--turn", "1", "--seed", "3"])
    said = capsys.readouterr().out
    assert "no mind of your own" in said
    assert "running after 0 turns" in said  # its first reply is written, and not yet acted on
    assert Path("out.png").stat().st_size > 1000
    assert benchmark._usual() == ("random", "reactive", "expert", "nano-mixed")
