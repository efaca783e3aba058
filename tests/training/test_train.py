"""The whole run: every stage, interrupted and resumed, and its unhappy ends."""

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from agent.language_policy import Sampling
from agent.loading import load
from training.alarms import Collapse
from training.config import EvaluationConfig, TrainConfig, from_json, to_json
from training.presets import PRESETS, preset
from training.run_dir import RunDir, read_evaluation, read_metrics
from training.train import Trainer, settled, train


def tiny(**changes: Any) -> TrainConfig:
    config = preset("tiny")
    grpo = replace(config.grpo, steps=3)
    return replace(config, grpo=grpo, threads=1, **changes)


def run_whole(folder: Path, config: TrainConfig) -> None:
    with RunDir.create(folder, to_json(config)) as run:
        train(config, run)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    run_whole(folder, tiny())
    return folder


def test_a_run_leaves_everything_a_plot_shows(whole: Path) -> None:
    assert {path.name for path in whole.iterdir()} >= {
        "run.json",
        "metrics.jsonl",
        "episodes.jsonl",
        "evaluation.json",
        "report.md",
        "plots",
        "checkpoints",
        "tensorboard",
    }
    stages = [line["stage"] for line in read_metrics(whole)]
    assert stages == ["cold_start"] * 4 + ["validation", "grpo", "grpo", "validation", "grpo"]
    evaluation = read_evaluation(whole)
    assert {*evaluation} == {"expert", "reactive", "random", "cold_start", "grpo", "seconds"}
    assert evaluation["expert"]["success"] == 1.0
    for name in ("cold_start", "grpo"):
        for figures in evaluation[name].values():
            assert figures["low"] <= figures["success"] <= figures["high"]
            assert figures["episodes"] == 8
    episodes = [json.loads(line) for line in (whole / "episodes.jsonl").open()]
    assert len(episodes) == 3 * 2 * 2
    turn = episodes[0]["turns"][0]
    assert len(turn["reply_ids"]) == len(turn["log_probs"]) > 0


def test_the_trained_policy_loads_with_its_settings(whole: Path) -> None:
    policy = load(whole)
    assert policy.sampling == tiny().sampling  # type: ignore[attr-defined]
    assert load(whole, temperature=0).sampling.temperature == 0  # type: ignore[attr-defined]


def test_the_continued_cold_start_learns_for_its_minutes_and_no_longer(tmp_path: Path) -> None:
    config = tiny(
        cold_plus_minutes=0.01,
        sampling=Sampling(max_reply_tokens=20),
        evaluation=EvaluationConfig(missions=1),
    )
    run_whole(tmp_path / "run", config)
    lines = read_metrics(tmp_path / "run")
    steps = [line["step"] for line in lines if line["stage"] == "cold_plus"]
    assert steps and steps == list(range(4, 4 + len(steps)))
    assert "cold_plus" in read_evaluation(tmp_path / "run")
    with RunDir.resume(tmp_path / "run") as run:
        train(config, run)
    assert read_metrics(tmp_path / "run") == lines


def test_a_collapse_stops_the_run_and_names_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny()
    with RunDir.create(tmp_path / "run", to_json(config)) as run:
        trainer = Trainer(config, run)
        run.save("cold_start", 4, trainer.policy, trainer.learner("cold_start", 1e-3).optimizer)
        steps = [{"unreadable": share} for share in (0.2, 0.7, 0.8)]
        trainer.watch(0, steps[0], [])
        trainer.watch(1, steps[1], steps[:1])
        with pytest.raises(Collapse, match=r"80 % of the replies.*cold_start"):
            trainer.watch(2, steps[2], steps[:2])
        assert (run.folder / "report.md").exists()


def test_a_control_that_collapses_is_measured_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = tiny()
    config = replace(config, grpo=replace(config.grpo, permute_returns=True))
    with RunDir.create(tmp_path / "run", to_json(config)) as run:
        Trainer(config, run).stop_if_collapsed("it fell")
    assert "goes on, collapsed as it is: it fell" in caplog.text


def test_a_collapse_names_the_checkpoint_of_the_best_validation(tmp_path: Path) -> None:
    config = tiny()
    with RunDir.create(tmp_path / "run", to_json(config)) as run:
        trainer = Trainer(config, run)
        optimizer = trainer.learner("grpo", 1e-3).optimizer
        for step, success in enumerate([0.5, 0.9, 0.6, 0.6]):
            interval = {"low": success - 0.1, "high": success}
            run.log("validation", step, {"success": success} | interval)
            run.save("grpo", step + 1, trainer.policy, optimizer)
        with pytest.raises(
            Collapse, match=r"it fell\. The checkpoint of the best .*0001-grpo-1\.$"
        ):
            trainer.stop_if_collapsed("it fell")
        assert run.best() in (run.folder / "checkpoints").iterdir()


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_the_trip_through_json(name: str) -> None:
    config = preset(name)
    assert from_json(TrainConfig, json.loads(json.dumps(to_json(config)))) == config


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_keep_the_step_under_way(
    how: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_log = RunDir.log

    def log_and_interrupt(run: RunDir, name: str, step: int, *rest: Any, **more: Any) -> None:
        real_log(run, name, step, *rest, **more)
        if (name, step) == ("cold_start", 1):
            signal.raise_signal(how)

    monkeypatch.setattr(RunDir, "log", log_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_whole(tmp_path / "run", tiny())
    with RunDir.resume(tmp_path / "run") as run:
        kept = run.newest()
        assert kept is not None and (kept.stage, kept.step) == ("cold_start", 2)
        assert len(read_metrics(tmp_path / "run")) == 2


def test_the_reference_policy_is_the_cold_start_after_a_resume_too(tmp_path: Path) -> None:
    config = tiny()
    with RunDir.create(tmp_path / "run", to_json(config)) as run:
        trainer = Trainer(config, run)
        optimizer = trainer.learner("cold_start", 1e-3).optimizer
        run.save("cold_start", 4, trainer.policy, optimizer)
        begun = [weight.clone() for weight in trainer.mind.model.parameters()]
        with torch.no_grad():
            for weight in trainer.mind.model.parameters():
                weight.add_(1.0)
        run.save("grpo", 1, trainer.policy, optimizer)
    with RunDir.resume(tmp_path / "run") as run:
        reference = Trainer(config, run).reference()
        assert all(map(torch.equal, begun, reference.parameters()))


def test_every_option_of_the_loss_runs_where_the_level_sets_its_own_turn_limit(
    tmp_path: Path,
) -> None:
    config = tiny(
        task="goto-local",
        cold_start="none",
        sampling=Sampling(max_reply_tokens=3),
        evaluation=EvaluationConfig(missions=1, validation_missions=1),
    )
    grpo = replace(
        config.grpo, steps=1, weighting="dr_grpo", kl_coef=0.1, updates_per_batch=2, step_credit=1.0
    )
    run_whole(tmp_path / "run", replace(config, grpo=grpo))
    [line] = [line for line in read_metrics(tmp_path / "run") if line["stage"] == "grpo"]
    assert line["step"] == 0


def test_the_precision_is_chosen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    config = preset("default")
    assert config.learner.precision == "auto"

    monkeypatch.setattr("training.train.fastest_precision", lambda device: "bf16")
    chosen = settled(config)
    assert chosen.learner.precision == "bf16"

    monkeypatch.setattr("training.train.fastest_precision", lambda device: "fp32")
    assert settled(chosen) == chosen  # a resumed run keeps what its first part used
