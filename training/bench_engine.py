"""How fast the engine is: sampling and learning, against transformers' own and the machine's limit.

Every comparison runs in one process, in turns, and tells medians (`training.timing`). Both sides
have the same weights, prompts, lengths and precision, and every reply has its full length: what
differs is the work that is done for a token.

Legend: `R` live episodes, `V` vocabulary.
"""

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agent.models import Mind, load_model
from agent.precision import fastest_precision, precision_dtype
from agent.sampler import Completion, Request, Sampler, StopRule
from training.batching import Batch
from training.config import GrpoConfig, LearnerConfig
from training.grpo import learn
from training.learner import Learner
from training.timing import Comparison, alternate

LIVE = 8, 32, 64, 128, 256
PROMPT, REPLY = 128, 32
TURNS, OBSERVED, REPLIED = 8, 40, 30
SEEDS = count()


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement needs to know."""

    rounds: int = 5
    device: str = "cpu"
    precision: str = "bf16"


def never(mind: Mind) -> StopRule:
    """No reply ends before its last token, so that both sides write as many."""
    return StopRule(mind.tokenizer, frozenset())


def random_ids(mind: Mind, rows: int, tokens: int) -> Tensor:
    """Prompts of random words, `[rows, tokens]` on the mind's device."""
    generator = torch.Generator().manual_seed(next(SEEDS))
    ids = torch.randint(5, len(mind.tokenizer), (rows, tokens), generator=generator)
    return ids.to(mind.model.device)


class OurSampler:
    """A sampler, and what it is asked in a benchmark."""

    def __init__(self, mind: Mind, bench: Bench, new_tokens: int) -> None:
        self.sampler = Sampler(
            mind, max_new_tokens=new_tokens, precision=bench.precision, stop=never(mind)
        )
        self.random = np.random.default_rng(0)
        self._episodes = count()
        self._keys: list[int] = []

    def reply(self, ids: list[list[int]], opens: bool = True) -> list[Completion]:
        """One reply to each row of new tokens: of episodes never seen before, or of the last ones.

        The sampler reads again what is new to it alone, so the same episodes would be a gift.
        """
        if opens:
            self._keys = [next(self._episodes) for _ in ids]
        uniforms = self.random.random((len(ids), self.sampler.max_new_tokens))
        return self.sampler.generate(
            [
                Request(key, new, numbers, opens)
                for key, new, numbers in zip(self._keys, ids, uniforms, strict=True)
            ]
        )


class Generate:
    """transformers' own sampling, on a copy of the mind's weights."""

    def __init__(self, mind: Mind, bench: Bench) -> None:
        self.model: Any = load_model(
            mind.name, precision=bench.precision, device=bench.device
        ).model.eval()

    @torch.inference_mode()
    def reply(self, ids: Tensor, new_tokens: int) -> Tensor:
        """The rows with a sampled reply each, none of which ends early."""
        return self.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=True,
            top_k=0,
            top_p=1.0,
            temperature=1.0,
            min_new_tokens=new_tokens,
            max_new_tokens=new_tokens,
            pad_token_id=0,
        )


def decode(mind: Mind, bench: Bench, live: int) -> Comparison:
    """Sampled tokens a second, the reading of the prompts included."""
    ours, peer = OurSampler(mind, bench, REPLY), Generate(mind, bench)
    ids = random_ids(mind, live, PROMPT)
    rows = ids.tolist()
    seconds = alternate(
        {"ours": lambda: ours.reply(rows), "peer": lambda: peer.reply(ids, REPLY)},
        bench.rounds,
    )
    tokens = live * REPLY
    return Comparison(
        f"{mind.name}_decode_{live}",
        tokens / seconds["ours"],
        tokens / seconds["peer"],
        "tokens/s",
        bench.rounds,
        f"{live} live episodes, {PROMPT} tokens read, {REPLY} sampled; transformers' generate",
    )


def prefill(mind: Mind, bench: Bench, live: int = 64) -> Comparison:
    """Tokens read a second, against the model's own forward pass."""
    ours, peer = OurSampler(mind, bench, 1), Generate(mind, bench)
    ids = random_ids(mind, live, PROMPT)
    rows = ids.tolist()

    @torch.inference_mode()
    def forward() -> None:
        peer.model(ids, use_cache=True, logits_to_keep=1)

    seconds = alternate({"ours": lambda: ours.reply(rows), "peer": forward}, bench.rounds)
    tokens = live * PROMPT
    return Comparison(
        f"{mind.name}_prefill",
        tokens / seconds["ours"],
        tokens / seconds["peer"],
        "tokens/s",
        bench.rounds,
        f"{live} prompts of {PROMPT} tokens; the model's forward pass",
    )


def multi_turn(mind: Mind, bench: Bench, live: int = 64) -> Comparison:
    """Sampled tokens a second over whole episodes, against reading all of them again each turn."""
    ours, peer = OurSampler(mind, bench, REPLIED), Generate(mind, bench)
    observed = [random_ids(mind, live, OBSERVED) for _ in range(TURNS)]

    def episodes() -> None:
        for turn, ids in enumerate(observed):
            ours.reply(ids.tolist(), opens=turn == 0)

    def again() -> None:
        said = observed[0][:, :0]
        for ids in observed:
            said = peer.reply(torch.cat([said, ids], dim=1), REPLIED)

    seconds = alternate({"ours": episodes, "peer": again}, bench.rounds)
    tokens = live * TURNS * REPLIED
    return Comparison(
        f"{mind.name}_multi_turn",
        tokens / seconds["ours"],
        tokens / seconds["peer"],
        "tokens/s",
        bench.rounds,
        f"{live} episodes of {TURNS} turns, {OBSERVED} tokens observed and {REPLIED} sampled; "
        "generate on the whole episode each turn",
    )


def decode_fraction_of_matmul(mind: Mind, bench: Bench, live: int = 64) -> Comparison:
    """Decode steps a second, against what their matrix products alone would allow."""
    whole, reading = OurSampler(mind, bench, REPLY + 1), OurSampler(mind, bench, 1)
    rows = random_ids(mind, live, PROMPT).tolist()
    weights = fused_weights(mind.model, precision_dtype(bench.precision))
    inputs = {
        width: torch.randn(live, width, dtype=weights[0].dtype, device=weights[0].device)
        for width in {weight.shape[1] for weight in weights}
    }

    @torch.inference_mode()
    def products() -> None:
        for _ in range(REPLY):
            for weight in weights:
                nn.functional.linear(inputs[weight.shape[1]], weight)
        wait(bench)

    seconds = alternate(
        {
            "whole": lambda: whole.reply(rows),
            "reading": lambda: reading.reply(rows),
            "products": products,
        },
        bench.rounds,
    )
    return Comparison(
        "decode_fraction_of_matmul",
        REPLY / (seconds["whole"] - seconds["reading"]),
        REPLY / seconds["products"],
        "decode steps/s",
        bench.rounds,
        f"{mind.name}, {live} live episodes; its matrix products alone",
    )


def fused_weights(model: Any, dtype: torch.dtype) -> list[Tensor]:
    """The matrices of a decode step, in order, those that read the same input side by side."""
    found = []
    for layer in model.base_model.layers:
        attention, mlp = layer.self_attn, layer.mlp
        for together in (
            [attention.q_proj, attention.k_proj, attention.v_proj],
            [attention.o_proj],
            [mlp.gate_proj, mlp.up_proj],
            [mlp.down_proj],
        ):
            found.append(torch.cat([one.weight.detach() for one in together]).to(dtype))
    return [*found, model.lm_head.weight.detach().to(dtype)]


def episode_length_scaling(
    mind: Mind, bench: Bench, long: int = 2400, short: int = 600
) -> Comparison:
    """Milliseconds a token in long episodes and in short ones, everything read and written."""
    ours = OurSampler(mind, bench, REPLIED)
    live, turn = 16, OBSERVED + REPLIED

    def episodes(tokens: int) -> None:
        for number in range(tokens // turn):
            ours.reply(random_ids(mind, live, OBSERVED).tolist(), opens=number == 0)

    seconds = alternate(
        {"long": partial(episodes, long), "short": partial(episodes, short)}, bench.rounds
    )
    return Comparison(
        "episode_length_scaling",
        1000 * seconds["long"] / (live * (long // turn) * turn),
        1000 * seconds["short"] / (live * (short // turn) * turn),
        "ms/token",
        bench.rounds,
        f"{mind.name}, {live} live episodes of {long} tokens; of {short}",
    )


def batch_scaling(mind: Mind, bench: Bench, many: int = 128, few: int = 32) -> Comparison:
    """Milliseconds a sampled token with many live episodes and with few."""
    ours = OurSampler(mind, bench, REPLY)
    rows = {live: random_ids(mind, live, PROMPT).tolist() for live in (many, few)}
    seconds = alternate({str(live): partial(ours.reply, rows[live]) for live in rows}, bench.rounds)
    return Comparison(
        "batch_scaling",
        1000 * seconds[str(many)] / (many * REPLY),
        1000 * seconds[str(few)] / (few * REPLY),
        "ms/token",
        bench.rounds,
        f"{mind.name}, {many} live episodes; {few}",
    )


def episodes_to_learn(mind: Mind, rows: int, turns: int = TURNS) -> Batch:
    """Episodes of `turns` turns with random words, one row each, all of one length."""
    turn = [False] * (OBSERVED + 5) + [True] * REPLIED
    mask = torch.tensor([turn * turns] * rows)
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
    ways = {"ours": our_update, "peer": plain_update}
    seconds = alternate(
        {name: way(mind, bench, rows, micro_batch_tokens) for name, way in ways.items()},
        bench.rounds,
    )
    tokens = rows * TURNS * (OBSERVED + 5 + REPLIED)
    return Comparison(
        "learner_tokens_per_second",
        tokens / seconds["ours"],
        tokens / seconds["peer"],
        "tokens/s",
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


def peaks(bench: Bench) -> Iterator[Comparison]:
    """What the machine can do: products, in the fastest precision and in fp32, and reading."""
    size = 2048 if bench.device == "cpu" else 8192

    def product(dtype: torch.dtype) -> Callable[[], None]:
        matrix = torch.randn(size, size, device=bench.device).to(dtype)

        def multiply() -> None:
            matrix @ matrix
            wait(bench)

        return multiply

    seconds = alternate(
        {"ours": product(precision_dtype(bench.precision)), "peer": product(torch.float32)},
        4 * bench.rounds,
    )
    operations = 2 * size**3 / 1e9
    yield Comparison(
        "matrix_product",
        operations / seconds["ours"],
        operations / seconds["peer"],
        "GFLOP/s",
        4 * bench.rounds,
        f"{size} x {size}, {bench.precision}; fp32",
    )
    read, written = (torch.ones(1 << 27, device=bench.device) for _ in range(2))

    def total() -> None:
        read.sum()
        wait(bench)

    def copy() -> None:
        written.copy_(read)
        wait(bench)

    seconds = alternate({"read": total, "copy": copy}, bench.rounds)
    gigabytes = read.nbytes / 1e9
    yield Comparison(
        "memory_bandwidth",
        gigabytes / seconds["read"],
        2 * gigabytes / seconds["copy"],
        "GB/s",
        bench.rounds,
        "reading; copying, both directions counted",
    )


def wait(bench: Bench) -> None:
    """Until a GPU has done what it was told."""
    if bench.device == "cuda":
        torch.cuda.synchronize()


def measurements(
    bench: Bench, *, against_trl: bool = False
) -> dict[str, Callable[[], list[Comparison]]]:
    """Every line of the table by its name, in the order in which they are measured."""
    minds: dict[str, Mind] = {}

    def mind(name: str) -> Mind:
        if name not in minds:
            minds.clear()  # one at a time: they are large
            minds[name] = load_model(name, device=bench.device)
        return minds[name]

    def of(name: str, way: Callable[..., Comparison], *args: int) -> Callable[[], list[Comparison]]:
        return lambda: [way(mind(name), bench, *args)]

    table = {"peaks": lambda: list(peaks(bench))}
    for name in ("nano", "smollm2"):
        table[f"{name}_prefill"] = of(name, prefill)
        table |= {f"{name}_decode_{live}": of(name, decode, live) for live in LIVE}
    table["smollm2_multi_turn"] = of("smollm2", multi_turn)
    for way in (
        decode_fraction_of_matmul,
        episode_length_scaling,
        batch_scaling,
        learner_tokens_per_second,
        learner_peak_memory,
    ):
        table[way.__name__] = of("smollm2", way)
    if against_trl:
        from training.bench_trl import grpo_step_vs_trl  # which builds on this module

        table["grpo_step_vs_trl"] = of("smollm2", grpo_step_vs_trl)
    return table


def bench_on(rounds: int, device: str, precision: str) -> Bench:
    """The settings of a benchmark, `auto` resolved."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if precision == "auto":
        precision = fastest_precision(device)
    precision_dtype(precision)
    return Bench(rounds, device, precision)
