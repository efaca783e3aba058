"""How fast is learned, and in how much memory, against a learner by the book."""

import multiprocessing
import re
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from agent.memory import hand_back_memory
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


def plain_update(mind: Mind, bench: Bench, rows: int) -> Callable[[], None]:
    """The same by the book: all rows at once, padded, and the logits of every token."""
    model: Any = mind.model
    optimizer = torch.optim.AdamW(model.parameters(), 1e-6)
    batch = episodes_to_learn(mind, rows)
    whole = batch.to(model.device)

    def update() -> None:
        with torch.autocast(model.device.type, torch.bfloat16, enabled=bench.precision == "bf16"):
            logits = model(whole.ids[:, :-1], use_cache=False).logits
        log_probs = logits.float().log_softmax(-1).gather(-1, whole.ids[:, 1:, None])[..., 0]
        ratio = (log_probs - log_probs.detach()).exp()
        loss = -(ratio * whole.advantages[:, 1:] * whole.mask[:, 1:]).sum() / whole.mask.sum()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        wait(bench)

    return update


def learner_tokens_per_second(
    mind: Mind, bench: Bench, rows: int = 8, micro_batch_tokens: int = 1800
) -> Comparison:
    """Tokens learned from a second, against a plain learner."""
    return compare(
        "learner_tokens_per_second",
        rows * TURNS * (READ + WRITTEN),
        "tokens/s",
        our_update(mind, bench, rows, micro_batch_tokens),
        plain_update(mind, bench, rows),
        bench.rounds,
        f"{mind.name}, {rows} episodes of 600 tokens, {micro_batch_tokens} at a time; all at once, "
        "logits of every token",
    )


def learner_peak_memory(
    mind: Mind, bench: Bench, rows: int = 8, micro_batch_tokens: int = 1800
) -> Comparison:
    """Gigabytes that an update needs at its peak, each learner in a process of its own."""
    ours = in_own_process(peak_memory, mind.name, bench, rows, micro_batch_tokens)
    peer = in_own_process(peak_memory, mind.name, bench, rows)
    return Comparison(
        "learner_peak_memory",
        ours,
        peer,
        "GB",
        1,
        f"{mind.name}, {rows} episodes of 600 tokens, {micro_batch_tokens} at a time; all at once, "
        "logits of every token. The whole process, weights and optimizer included",
    )


def peak_memory(name: str, bench: Bench, rows: int, micro_batch_tokens: int = 0) -> float:
    """Gigabytes at the peak of two updates, by the plain learner where no micro-batch is named."""
    torch.manual_seed(0)
    mind = load_model(name, device=bench.device)
    if micro_batch_tokens:
        update = our_update(mind, bench, rows, micro_batch_tokens)
    else:
        update = plain_update(mind, bench, rows)
    update()
    update()
    if bench.device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    status = Path("/proc/self/status")
    if not status.exists():  # macOS, in bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9
    # On Linux that would be a parent's peak, too.
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) * 1024 / 1e9


def in_own_process(function: Callable[..., float], *args: Any) -> float:
    """What a function gives in a fresh process with as many threads, which has memory to itself."""
    hand_back_memory()
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, torch.set_num_threads, (torch.get_num_threads(),)) as pool:
        return pool.apply(function, args)
