"""The scripts as a user meets them: what they print, and how they refuse."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from agent.policies import RandomPolicy, Response
from scripts import evaluate, failures, play, results, train
from training.presets import preset


def refused(main, args: list[str], capsys: pytest.CaptureFixture[str]) -> str:  # type: ignore[no-untyped-def]
    """What a script says as it leaves with exit code 2."""
    with pytest.raises(SystemExit) as left:
        main(args)
    assert left.value.code == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return " ".join((said.err + said.out).replace("│", " ").split())


def test_play_shows_every_turn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "episode.json"
    play.main(["--policy", "expert", "--seed", "3", "--json", str(file)])
    shown = capsys.readouterr().out
    assert "Mission: go to the red box" in shown
    assert "> turn right" in shown
    assert "success after 3 turns" in shown
    assert len(json.loads(file.read_text())["turns"]) == 3


def test_evaluate_prints_success_with_its_interval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    evaluate.main(["--policy", "expert", "--missions", "20", "--json", str(file)])
    assert "success" in capsys.readouterr().out
    figures = json.loads(file.read_text())
    assert figures["success"] == figures["length_ratio"] == 1.0
    assert figures["low"] < 0.9


def test_failures_are_counted_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--policy", "reactive", "--task", "mixed-balrog", "--failures", "3"]
    failures.main(
        [*asked, "--seats", "8", "--folder", str(tmp_path), "--json", str(tmp_path / "f")]
    )
    said = capsys.readouterr().out
    assert "3 failures among" in said
    counted = json.loads((tmp_path / "f").read_text())
    assert sum(counted["causes"].values()) == 3 <= counted["played"]
    report = (tmp_path / "report.md").read_text()
    assert f"3 failures among {counted['played']} episodes" in report
    for cause in counted["causes"]:
        assert (tmp_path / f"{cause.replace(' ', '-')}.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--preset", "defualt"], "did you mean 'default'"),
        (["--task", "goto-smal"], "did you mean 'goto-small'"),
        (["--model", "smolm2", "--run", "RUN"], "Did you mean 'smollm2'"),
        (["--phrasing", "sentense"], "did you mean 'sentences'"),
        (["--phrasing", "story", "--run", "RUN"], "must never see"),
        (["--grpo.group-size", "1"], "at least 2, got 1"),
        (["--grpo.clip-low", "-0.2"], "must not"),
        (["--grpo.group-sise", "4"], "--grpo.group-size"),
        (["--sampling.context", "50", "--run", "RUN"], "too small for one turn"),
        (["--task", "BabyAI-UnlockToUnlock-v0", "--run", "RUN"], "there is no expert"),
        (["--threads", "-1"], "threads must be >= 0"),
        (["--resume"], "--resume needs --run"),
        (["--resume", "--run", "RUN"], "--preset cannot go with --resume"),
    ],
)
def test_train_refuses_in_a_sentence(
    args: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = [str(tmp_path / "run") if word == "RUN" else word for word in args]
    assert says in refused(train.main, ["--preset", "tiny", *args], capsys)
    assert not (tmp_path / "run").exists()


def test_nothing_to_resume_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "holds no run" in refused(train.main, ["--resume", "--run", str(tmp_path)], capsys)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_the_first_second_can_be_gone_on_from(
    how: signal.Signals,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    resumed = ["--resume", "--run", str(tmp_path / "run")]
    with monkeypatch.context() as patch:
        patch.setattr(train, "train", Mock(side_effect=lambda *_: signal.raise_signal(how)))
        for args in (["--preset", "tiny", *resumed[1:]], resumed):
            with pytest.raises(SystemExit) as left:
                train.main(args)
            assert left.value.code == 130
            assert f"python -m scripts.train {' '.join(resumed[1:])} --resume" in (
                capsys.readouterr().err
            )
    asked = Mock()
    monkeypatch.setattr(train, "train", asked)
    train.main(resumed)
    assert asked.call_args.args[0] == preset("tiny")


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    said = refused(train.main, ["--preset", "tiny", "--run", str(tmp_path)], capsys)
    assert "not empty" in said and "--resume" in said
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_what_a_mind_writes_cannot_command_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = "\x1b]0;title\x07\x1b[2J\u202e<think>\x1b[31m</think><answer>go\x1b</answer>"
    monkeypatch.setattr(RandomPolicy, "respond", lambda _, live: [Response(hostile)] * len(live))
    play.main(["--policy", "random", "--seed", "3"])
    shown = capsys.readouterr().out
    assert r"\x1b]0;title\x07" in shown
    assert all(sign.isprintable() or sign == "\n" for sign in shown)


@pytest.mark.parametrize("door", [play, evaluate])
def test_unknown_policies_are_named(door, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    assert "Did you mean 'expert'" in refused(door.main, ["--policy", "exprt"], capsys)


def test_no_episode_has_a_negative_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "seed must be 0 or more" in refused(play.main, ["--seed", "-1"], capsys)


def test_a_gpu_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    args = ["--preset", "tiny", "--device", "cuda", "--run", str(tmp_path / "run")]
    assert "no GPU here" in refused(train.main, args, capsys)
    assert not (tmp_path / "run").exists()


def test_ctrl_c_while_a_script_imports_is_no_traceback() -> None:
    code = "import scripts; raise KeyboardInterrupt"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "stopped.\n" and done.returncode != 0


def test_results_of_an_unfinished_run_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "holds no run" in refused(results.main, ["--runs", str(tmp_path)], capsys)
