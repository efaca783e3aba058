"""A run that is killed, again and again, ends as one that never was.

SIGKILL leaves a process no time to tidy up: what it was writing stays half-written.
"""

import itertools
import multiprocessing
import os
import random
import signal
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import perf_counter
from typing import Any, Self

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


@dataclass(frozen=True, slots=True)
class Result:
    """What a run left behind, less what a clock says."""

    lines: list[dict[str, Any]]
    evaluation: dict[str, Any]
    episodes: bytes
    weights: dict[str, bytes]

    @classmethod
    def of(cls, folder: Path) -> Self:
        newest = newest_model(folder)
        assert newest is not None
        weights = load_file(newest / "model.safetensors")
        return cls(
            figures(folder),
            without_times(read_evaluation(folder)),
            (folder / "episodes.jsonl").read_bytes(),
            {name: weight.numpy().tobytes() for name, weight in weights.items()},
        )


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Of a run that nobody killed, and in which GRPO learned at each step."""
    folder = tmp_path_factory.mktemp("killed") / "whole"
    process = started(folder)
    process.join()
    assert process.exitcode == 0
    found = Result.of(folder)
    assert [one.get("skipped") for one in found.lines if one["stage"] == "grpo"] == [""] * 4
    return found


MOMENTS = {
    "the run's first record": ("training.run_dir.write_json", 1),
    "demonstrations": ("training.train.demonstrate", 1),
    "a cold-start update": ("training.train.imitate", 9),
    "a line of figures": ("training.run_dir.append_line", 3),
    "a checkpoint": ("training.checkpoints.flush", 8),
    "thinning": ("training.run_dir.thin", 4),
    "play": ("agent.rollout.take_turn", 200),
    "a GRPO update": ("training.train.learn", 1),
    "an episode's line": ("training.run_dir.append_line", 4),
    "validation": ("training.train.evaluate", 1),
    "measuring": ("training.measuring.evaluate", 2),
    "the last record": ("training.measuring.write_json", 2),
    "the report": ("training.train.write_report", 1),
}
"""What is under way, in the order of a run, and the call of which function, counted from where the
run goes on, it dies in, or half-way through."""


def die_in(folder: Path, where: str, call: int) -> None:
    """Begin a run, and be killed as a function is called for the so many-th time."""
    module, name = where.rsplit(".", 1)
    real = getattr(import_module(module), name)
    calls = itertools.count(1)

    def deadly(*args: Any, **options: Any) -> Any:
        if next(calls) < call:
            return real(*args, **options)
        if name == "append_line":  # half of the line is written
            with args[0].open("a") as file:
                file.write('{"stage": "gr')
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody survives that")

    setattr(import_module(module), name, deadly)
    begin_or_go_on(folder)


def test_kills_in_every_stage_change_nothing(tmp_path: Path, expected: Result) -> None:
    folder = tmp_path / "run"
    for stage, (where, call) in MOMENTS.items():
        process = LOADED_ONCE.Process(target=die_in, args=(folder, where, call))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL, f"it did not get to {stage}"
    process = started(folder)
    process.join()
    assert process.exitcode == 0
    assert Result.of(folder) == expected


@pytest.mark.slow
def test_fifty_kills_change_nothing(tmp_path: Path) -> None:
    kills = 50
    whole = tmp_path / "whole"
    began = perf_counter()
    process = started(whole)
    process.join()
    assert process.exitcode == 0
    seconds, expected = perf_counter() - began, Result.of(whole)

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
        assert Result.of(folder) == expected
    keep("make test ARGS='-m slow tests/training/test_killed.py'", kills_survived=kills)
