"""Updates: however the rows are cut and dealt to threads, the gradient is the same."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Literal

import pytest
import torch
from torch import Tensor

from agent.models import load_model
from training.batching import Batch, batch_episodes
from training.cold_start import demonstrate
from training.config import LearnerConfig
from training.lanes import in_lanes, lane_count
from training.learner import Learner
from training.presets import tiny


@pytest.fixture(autouse=True)
def own_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def imitation(batch: Batch, rows: Tensor, part: Batch, log_probs: Tensor) -> Tensor:
    return -log_probs.sum() / batch.mask.sum()


def gradients(threads: int, config: LearnerConfig) -> tuple[list[Tensor], float, float]:
    """Of the first update of a nano on four demonstrations, with its loss and entropy."""
    torch.set_num_threads(threads)
    mind = load_model("nano")
    options = tiny()
    batch = batch_episodes(
        demonstrate(replace(options, cold=replace(options.cold, demonstrations=4)), mind)
    )
    learner = Learner(mind, config, 1e-3)
    found: list[Tensor] = []
    learner.optimizer.step = lambda: found.extend(  # type: ignore[method-assign, assignment]
        weight.grad.clone() for weight in learner.weights if weight.grad is not None
    )
    update = learner.update(batch, partial(imitation, batch))
    assert len(found) == len(learner.weights)
    return found, update.loss, update.entropy


@pytest.mark.parametrize("tokens", [1, 200, 100_000])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_threads_and_micro_batches_change_no_gradient(tokens: int, checkpointing: bool) -> None:
    config = LearnerConfig(micro_batch_tokens=tokens, gradient_checkpointing=checkpointing)
    found = [gradients(threads, config) for threads in (1, 2, 3)]
    whole = gradients(1, LearnerConfig())
    for weights, loss, entropy in found:
        assert (loss, entropy) == pytest.approx(whole[1:], rel=1e-5)
        for one, other in zip(weights, whole[0], strict=True):
            torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-3)


@pytest.mark.parametrize("threads", [1, 2])
def test_out_of_memory_halves_the_micro_batch_and_keeps_the_gradient(
    threads: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = gradients(threads, LearnerConfig(micro_batch_tokens=100_000))
    log_probs, most = Learner.log_probs, 300

    def limited(self: Learner, part: Batch, *others: object) -> tuple[Tensor, Tensor]:
        if part.ids.numel() > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return log_probs(self, part)

    monkeypatch.setattr(Learner, "log_probs", limited)
    weights, *figures = gradients(threads, LearnerConfig(micro_batch_tokens=100_000))
    assert figures == pytest.approx(whole[1:], rel=1e-5)
    for one, other in zip(weights, whole[0], strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-3)
    assert caplog.messages
    assert all("out of memory: going on with" in said for said in caplog.messages)
    most = 1
    with pytest.raises(MemoryError):
        gradients(threads, LearnerConfig())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_threads_give_the_same_bits(precision: Literal["fp32", "bf16"]) -> None:
    config = LearnerConfig(micro_batch_tokens=300, precision=precision)
    first, *others = (gradients(2, config)[0] for _ in range(4))
    for again in others:
        assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_no_dropout_survives() -> None:
    mind = load_model("nano")
    mind.model.model.layers[0].self_attn.attention_dropout = 0.5
    Learner(mind, LearnerConfig(), 1e-3)
    assert mind.model.model.layers[0].self_attn.attention_dropout == 0


def test_lanes_share_the_threads_and_leave_the_callers_alone() -> None:
    torch.set_num_threads(4)
    assert in_lanes(lambda _: torch.get_num_threads(), [0, 1]) == [2, 2]
    assert in_lanes(lambda _: torch.get_num_threads(), [0]) == [4]
    assert torch.get_num_threads() == 4


def test_lanes_are_for_small_models_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.lanes.SMALL", 100)
    torch.set_num_threads(4)
    assert lane_count(torch.nn.Linear(8, 8)) == 4
    assert lane_count(torch.nn.Linear(8, 8, device="meta")) == 1
    assert lane_count(torch.nn.Linear(16, 16)) == 1


def test_what_fails_in_a_lane_fails() -> None:
    with pytest.raises(ZeroDivisionError):
        in_lanes(lambda number: 1 / number, [1.0, 0.0])
