"""How fast is learned, and in how much memory, against a learner by the book."""

import multiprocessing
import resource
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from agent.models import Mind, load_model
from training.batching import Batch
from training.bench.sampling import random_ids
from training.bench.timing import Bench, Comparison, compare, wait
from training.config import GrpoConfig, LearnerConfig
from training.grpo import learn
from training.learner import Learner

TURNS, READ, WRITTEN = 8, 45, 30
"""Of an episode of 600 tokens."""


def episodes_to_learn(mind: Mind, rows: int) -> Batch:
    """Episodes of random words, one row each."""
    turn = [False] * READ + [True] * WRITTEN
    mask = torch.tensor([turn * TURNS] * rows)
    ids = random_ids(mind, rows, mask.shape[1]).cpu()
    advantages = torch.linspace(-1, 1, rows)[:, None].expand_as(ids) * mask
    return Batch(
        ids=ids,
        mask=mask,
        log_probs=torch.zeros(ids.shape),
        advantages=advantages,
        episode=torch.arange(rows),
        lengths=torch.full((rows,), ids.shape[1]),
    )


def our_update(mind: Mind, bench: Bench, rows: int, micro_batch_tokens: int) -> Callable[[], None]:
    """An update of GRPO on episodes of 600 tokens."""
    config = LearnerConfig(precision=bench.precision, micro_batch_tokens=micro_batch_tokens)  # type: ignore[arg-type]
    learner = Learner(mind, config, learning_rate=1e-6)
    batch = episodes_to_learn(mind, rows)

    def update() -> None:
        learn(learner, batch, GrpoConfig())
        wait(bench)

    return update


def plain_update(
    mind: Mind, bench: Bench, rows: int, micro_batch_tokens: int
) -> Callable[[], None]:
    """The same by the book: padded rows, logits of every token, one micro-batch after another."""
    model: Any = mind.model
    optimizer = torch.optim.AdamW(model.parameters(), 1e-6)
    batch = episodes_to_learn(mind, rows)
    together = max(1, micro_batch_tokens // batch.width)

    def update() -> None:
        for first in range(0, rows, together):
            part = batch.take(torch.arange(first, min(first + together, rows))).to(model.device)
            autocast = torch.autocast(
                model.device.type, torch.bfloat16, enabled=bench.precision == "bf16"
            )
            with autocast:
                logits = model(part.ids[:, :-1], use_cache=False).logits
            log_probs = logits.float().log_softmax(-1).gather(-1, part.ids[:, 1:, None])[..., 0]
            ratio = (log_probs - log_probs.detach()).exp()
            loss = -(ratio * part.advantages[:, 1:] * part.mask[:, 1:]).sum() / batch.mask.sum()
            loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        wait(bench)

    return update


def learner_tokens_per_second(
    mind: Mind, bench: Bench, rows: int = 8, micro_batch_tokens: int = 2400
) -> Comparison:
    """Tokens learned from a second, against a plain learner."""
    return compare(
        "learner_tokens_per_second",
        rows * TURNS * (READ + WRITTEN),
        "tokens/s",
        our_update(mind, bench, rows, micro_batch_tokens),
        plain_update(mind, bench, rows, micro_batch_tokens),
        bench.rounds,
        f"{mind.name}, {rows} episodes of 600 tokens; logits of every token, padded",
    )


def learner_peak_memory(
    mind: Mind, bench: Bench, rows: int = 8, micro_batch_tokens: int = 4800
) -> Comparison:
    """Gigabytes that an update needs at its peak, each learner in a process of its own."""
    peaks = {
        way: in_own_process(peak_memory, mind.name, bench, way, rows, micro_batch_tokens)
        for way in ("ours", "peer")
    }
    return Comparison(
        "learner_peak_memory",
        peaks["ours"],
        peaks["peer"],
        "GB",
        1,
        f"{mind.name}, {rows} episodes of 600 tokens, {micro_batch_tokens} in a micro-batch; "
        "logits of every token, padded. The whole process, weights and optimizer included",
    )


def peak_memory(name: str, bench: Bench, way: str, rows: int, micro_batch_tokens: int) -> float:
    """Gigabytes at the peak of two updates."""
    torch.manual_seed(0)
    mind = load_model(name, device=bench.device)
    update = (our_update if way == "ours" else plain_update)(mind, bench, rows, micro_batch_tokens)
    update()
    update()
    if bench.device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def in_own_process(function: Callable[..., float], *args: Any) -> float:
    """What a function gives in a fresh process with as many threads."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, torch.set_num_threads, (torch.get_num_threads(),)) as pool:
        return pool.apply(function, args)
