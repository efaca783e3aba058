"""An interrupted run goes on as if it had not been, whatever it trains and with what options."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

from agent.language_policy import Sampling
from agent.loading import newest_model
from agent.nano import nano_tokenizer
from agent.replies import ReplyMode
from agent.types import Episode, Group
from tests.support.runs import figures
from training.config import (
    ColdStartConfig,
    EvaluationConfig,
    GrpoConfig,
    LearnerConfig,
    TrainConfig,
    from_json,
    to_json,
)
from training.presets import preset
from training.run_dir import RunDir, read_evaluation, read_metrics
from training.train import train


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny random model, as a folder of somebody else's."""
    folder = tmp_path_factory.mktemp("models") / "llama"
    tokenizer = nano_tokenizer()
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=1024,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(autouse=True)
def paid_for_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small a mind writes nothing that can be read: without this no group had any spread."""

    def score(groups: list[Group], **_: float) -> np.ndarray:
        return np.array([[_odd_tokens(one) for one in group.episodes] for group in groups])

    monkeypatch.setattr("training.grpo.score", score)


def _odd_tokens(episode: Episode) -> float:
    return float(np.mean([id % 2 for turn in episode.turns for id in turn.reply_ids]))


def small(model: str) -> TrainConfig:
    """Every stage, as short as can be."""
    return TrainConfig(
        model=model,
        threads=1,
        reply_mode=ReplyMode.ANSWER,
        sampling=Sampling(max_reply_tokens=12),
        cold=ColdStartConfig(demonstrations=4, steps=6, episodes_per_step=4),
        grpo=GrpoConfig(steps=3, groups=2, group_size=2),
        evaluation=EvaluationConfig(missions=2, validation_missions=2, every=2),
        checkpoint_every=1,
    )


def adapters(model: str) -> TrainConfig:
    config = small(model)
    return replace(
        config,
        grpo=replace(config.grpo, kl_coef=0.1),
        learner=LearnerConfig(lora_rank=2),
    )


def as_the_default_preset(model: str) -> TrainConfig:
    """Its way of reading, paying and computing, on the small model."""
    config, options = small(model), preset("default")
    return replace(
        config,
        sampling=replace(options.sampling, max_reply_tokens=12),
        grpo=replace(options.grpo, steps=3, groups=2, group_size=2),
        learner=options.learner,
    )


def weights(folder: Path, config: TrainConfig) -> dict[str, torch.Tensor]:
    """What the newest checkpoint holds: adapters alone, where those are trained."""
    newest = newest_model(folder)
    assert newest is not None
    kind = "adapter_model" if config.learner.lora_rank else "model"
    return load_file(newest / f"{kind}.safetensors")


@pytest.mark.parametrize(
    ("configure", "breaks"),
    [
        (small, ("cold_start", 5)),
        (adapters, ("grpo", 1)),
        (as_the_default_preset, ("grpo", 1)),
    ],
)
def test_a_resumed_run_equals_an_uninterrupted_one(
    configure: Callable[[str], TrainConfig],
    breaks: tuple[str, int],
    llama: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config, whole, cut = configure(llama), tmp_path / "whole", tmp_path / "cut"
    with RunDir.create(whole, to_json(config)) as run:
        train(config, run)
    log = RunDir.log

    def log_and_break(run: RunDir, stage: str, step: int, *rest: Any, **more: Any) -> None:
        log(run, stage, step, *rest, **more)
        if (stage, step) == breaks:
            raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(RunDir, "log", log_and_break)
        with pytest.raises(InterruptedError), RunDir.create(cut, to_json(config)) as run:
            train(config, run)
    with RunDir.resume(cut) as run:
        kept = run.newest()
        assert kept is not None and (kept.stage, kept.step) == breaks
        train(from_json(TrainConfig, run.config), run)

    assert figures(cut) == figures(whole)
    ours, theirs = (weights(folder, config) for folder in (cut, whole))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert {*read_evaluation(cut)["zero_shot"]} == {"sampled"}  # a pretrained mind, untouched
    learned = [line for line in read_metrics(whole) if line["stage"] == "grpo"]
    assert [line["step"] for line in learned if line["grad_norm"] > 0] == [0, 1, 2]
