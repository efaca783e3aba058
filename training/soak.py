"""A long run of short steps, read all the while: does memory grow, do files stay open, do steps
slow down, and can everything be read as it is written?
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import torch
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import LlamaConfig, LlamaForCausalLM

from agent.language_policy import Sampling
from agent.models import Mind, save_model
from agent.nano import nano_tokenizer
from agent.replies import ReplyMode
from training.config import (
    ColdStartConfig,
    EvaluationConfig,
    GrpoConfig,
    LearnerConfig,
    TrainConfig,
    to_json,
)
from training.metrics import read_lines_behind
from training.report import write_report
from training.run_dir import RunDir, read_metrics
from training.train import train

EPISODES = 10
"""Of each step, in groups of two."""


@dataclass(frozen=True, slots=True)
class Soaked:
    """What a long run was like. Growth compares the last tenth of the run with the tenth before its
    middle: until then buffers find their size, and the heap its shape."""

    soak_steps: int
    soak_episodes: int
    memory_growth: float
    """of the memory that the process holds, as a share"""
    step_time_drift: float
    """of the seconds of a step, as a share"""
    most_open_files: int
    open_files_growth: int
    memory_mb: tuple[int, ...]
    """held in each tenth of the run, median"""
    readings: int
    """how often another process read metrics, episodes and TensorBoard's file and wrote the report
    while the run was being written"""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process that trains held at some moment."""

    bytes: int
    files: int


def tiny_mind() -> Mind:
    """A language model of one narrow layer, so that a step is short."""
    tokenizer = nano_tokenizer()
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return Mind(LlamaForCausalLM(shape), tokenizer, "tiny")


def config(steps: int, model: Path) -> TrainConfig:
    """Short replies of a mind that has learned their form, and hardly learns from then on."""
    return TrainConfig(
        model=str(model),
        threads=1,
        reply_mode=ReplyMode.ANSWER,
        sampling=Sampling(temperature=0.5, max_reply_tokens=8, history=0),
        cold=ColdStartConfig(demonstrations=16, steps=150, episodes_per_step=4, learning_rate=1e-2),
        grpo=GrpoConfig(steps=steps, groups=EPISODES // 2, group_size=2, learning_rate=1e-7),
        learner=LearnerConfig(optimizer="muon"),
        evaluation=EvaluationConfig(
            missions=2, validation_missions=2, every=steps, zero_shot=False
        ),
    )


def soak(folder: Path, steps: int, console: Console | None = None) -> Soaked:
    """Train for so many steps into a new folder, while another process reads it.

    Raises:
        RuntimeError: if the reader could not read something, with the reason.
    """
    model = folder.with_name(f"{folder.name}-mind")
    save_model(tiny_mind(), model)
    asked = config(steps, model)
    with RunDir.create(folder, to_json(asked), console) as run, _read_all_along(folder) as read:
        train(asked, run)
    samples, readings = read()
    seconds = [line["seconds"] for line in read_metrics(folder) if line["stage"] == "grpo"]
    held = [sample.bytes for sample in samples]
    files = [sample.files for sample in samples]
    with (folder / "episodes.jsonl").open() as lines:
        episodes = sum(1 for _ in lines)
    return Soaked(
        soak_steps=len(seconds),
        soak_episodes=episodes,
        memory_growth=growth(held),
        step_time_drift=growth(seconds),
        most_open_files=max(files),
        open_files_growth=round(median(_tenths(files)[-1]) - median(_tenths(files)[4])),
        memory_mb=tuple(round(median(tenth) / 1e6) for tenth in _tenths(held)),
        readings=readings,
    )


def growth(values: Sequence[float]) -> float:
    """By which share the last tenth lies above the fifth, medians.

    >>> round(growth([5, 8, 9, 10, 10, 10, 10, 10, 10, 11]), 3)
    0.1
    """
    tenths = _tenths(values)
    return median(tenths[-1]) / median(tenths[4]) - 1


def _tenths(values: Sequence[float]) -> list[Sequence[float]]:
    """Ten parts of the same length, those of too few values shared."""
    count = len(values)
    return [
        values[n * count // 10 : max((n + 1) * count // 10, n * count // 10 + 1)] for n in range(10)
    ]


Read = Callable[[], tuple[list[Sample], int]]


@contextmanager
def _read_all_along(folder: Path) -> Iterator[Read]:
    """Another process reads the run until the block ends; then its samples can be had."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    ready, over = spawn.Event(), spawn.Event()
    process = spawn.Process(
        target=_watch, args=(folder, os.getpid(), ready, over, theirs), daemon=True
    )
    process.start()
    theirs.close()
    ready.wait(60)

    def read() -> tuple[list[Sample], int]:
        found = ours.recv()
        process.join()
        if isinstance(found, str):
            raise RuntimeError(f"the run could not be read while it was written: {found}")
        return found

    try:
        yield read
    finally:
        over.set()


def _watch(folder: Path, trainer: int, ready: Event, over: Event, out: Any) -> None:
    """Sample the trainer and read its run, over and over; then send what was seen."""
    process = psutil.Process(trainer)
    samples: list[Sample] = []
    readings = offset = 0
    board = EventAccumulator(str(folder / "tensorboard"))
    ready.set()
    try:
        last = False
        while not last:
            last = over.wait(0.5)
            if not any(line["stage"] == "grpo" for line in read_metrics(folder)):
                continue
            samples.append(Sample(process.memory_info().rss, process.num_fds()))
            _, offset = read_lines_behind(folder / "episodes.jsonl", offset)
            board.Reload()
            if readings % 20 == 0:
                write_report(folder)
            readings += 1
        out.send((samples, readings))
    except Exception as error:
        out.send(repr(error))
