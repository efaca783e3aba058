"""A run that is killed, again and again, ends as one that never was.

SIGKILL leaves a process no time to tidy up: what it was writing stays half-written.
"""

import multiprocessing
import random
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from agent.language_policy import Sampling
from agent.loading import newest_model
from agent.replies import ReplyMode
from tests.support.faults import keep
from tests.support.runs import figures, without_times
from training.config import (
    ColdStartConfig,
    EvaluationConfig,
    GrpoConfig,
    LearnerConfig,
    TrainConfig,
    from_json,
    to_json,
)
from training.run_dir import RunDir, read_evaluation
from training.train import train

CONFIG = TrainConfig(  # learns enough of the form that GRPO has something to compare
    threads=1,
    reply_mode=ReplyMode.ANSWER,
    sampling=Sampling(max_reply_tokens=8, history=0),
    cold=ColdStartConfig(demonstrations=16, steps=16, episodes_per_step=4, learning_rate=5e-3),
    grpo=GrpoConfig(steps=4, groups=3, group_size=3, format_coef=0.5),
    learner=LearnerConfig(optimizer="muon"),
    evaluation=EvaluationConfig(missions=2, validation_missions=2, every=2),
    checkpoint_every=1,
)
LOADED_ONCE = multiprocessing.get_context("forkserver")
LOADED_ONCE.set_forkserver_preload(["training.train"])


def begin_or_go_on(folder: Path) -> None:
    """What `python -m scripts.train` does, with `--resume` where there is something to resume."""
    torch.set_num_threads(1)
    if (folder / "run.json").exists():
        with RunDir.resume(folder) as run:
            train(from_json(TrainConfig, run.config), run)
    else:
        with RunDir.create(folder, to_json(CONFIG)) as run:
            train(CONFIG, run)


def started(folder: Path) -> BaseProcess:
    process = LOADED_ONCE.Process(target=begin_or_go_on, args=(folder,))
    process.start()
    return process


def result(folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, torch.Tensor]]:
    """What a run left behind, less what a clock says."""
    newest = newest_model(folder)
    assert newest is not None
    evaluation = without_times(read_evaluation(folder))
    return figures(folder), evaluation, load_file(newest / "model.safetensors")


def kill_again_and_again(tmp_path: Path, kills: int) -> None:
    whole = tmp_path / "whole"
    began = perf_counter()
    process = started(whole)
    process.join()
    assert process.exitcode == 0
    seconds, expected = perf_counter() - began, result(whole)
    assert [line.get("skipped") for line in expected[0] if line["stage"] == "grpo"] == [""] * 4

    moments = random.Random(0)
    runs, killed = 0, 0
    while killed < kills:
        runs += 1
        folder = tmp_path / f"run-{runs}"
        finished = False
        while not finished:
            process = started(folder)
            process.join(timeout=moments.uniform(0, seconds / 2) if killed < kills else None)
            finished = process.exitcode == 0
            assert process.exitcode in (0, None), f"it could not go on after {killed} kills"
            if not finished:
                process.kill()
                process.join()
                killed += 1
        lines, evaluation, weights = result(folder)
        assert lines == expected[0]
        assert evaluation == expected[1]
        assert weights.keys() == expected[2].keys()
        assert all(torch.equal(one, expected[2][name]) for name, one in weights.items())


def test_five_kills_change_nothing(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, 5)


@pytest.mark.slow
def test_fifty_kills_change_nothing(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, 50)
    keep("make test ARGS='-m slow tests/training/test_killed.py'", kills_survived=50)
