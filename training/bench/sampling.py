"""How fast replies are sampled, against transformers' `generate` and the machine's limit.

Both sides have the same weights, prompts, lengths and precision, and every reply has its full
length: what differs is the work that is done for a token.
"""

from functools import partial
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agent.models import Mind, load_model
from agent.precision import precision_dtype
from agent.sampler import Completion, Request, Sampler, StopRule
from training.bench.timing import Bench, Comparison, alternate, compare, wait

PROMPT, REPLY = 128, 32
TURNS, OBSERVED, REPLIED = 8, 40, 30


def never(mind: Mind) -> StopRule:
    """No reply ends before its last token, so that both sides write as many."""
    return StopRule(mind.tokenizer, frozenset())


def random_ids(mind: Mind, rows: int, tokens: int) -> Tensor:
    """Prompts of random words, `[rows, tokens]` on the mind's device."""
    generator = torch.Generator().manual_seed(rows * tokens)
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


def decode(mind: Mind, bench: Bench, live: int, members: int = 1) -> Comparison:
    """Sampled tokens a second, the reading of the prompts included.

    Args:
        live: episodes.
        members: so many of them have the same prompt, as the members of a group do.
    """
    ours, peer = OurSampler(mind, bench, REPLY), Generate(mind, bench)
    ids = random_ids(mind, live // members, PROMPT).repeat_interleave(members, dim=0)
    rows = ids.tolist()
    groups = f" in groups of {members}" if members > 1 else ""
    return compare(
        f"{mind.name}_decode_{live}{'_in_groups' if members > 1 else ''}",
        live * REPLY,
        "tokens/s",
        lambda: ours.reply(rows),
        lambda: peer.reply(ids, REPLY),
        bench.rounds,
        f"{live} live episodes{groups}, {PROMPT} tokens read, {REPLY} sampled; "
        "transformers' generate",
    )


def prefill(mind: Mind, bench: Bench, live: int = 64) -> Comparison:
    """Tokens read a second, against the model's own forward pass."""
    ours, peer = OurSampler(mind, bench, 1), Generate(mind, bench)
    ids = random_ids(mind, live, PROMPT)
    rows = ids.tolist()

    @torch.inference_mode()
    def forward() -> None:
        peer.model(ids, use_cache=True, logits_to_keep=1)

    return compare(
        f"{mind.name}_prefill",
        live * PROMPT,
        "tokens/s",
        lambda: ours.reply(rows),
        forward,
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

    return compare(
        f"{mind.name}_multi_turn",
        live * TURNS * REPLIED,
        "tokens/s",
        episodes,
        again,
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
    rows = random_ids(mind, live, OBSERVED).tolist()

    def episodes(tokens: int) -> None:
        for number in range(tokens // turn):
            ours.reply(rows, opens=number == 0)

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
