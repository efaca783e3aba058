"""The sampler against transformers' own `generate` and forward pass, on tiny random models."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    OpenAIGPTConfig,
    OpenAIGPTLMHeadModel,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from agent.adapters import LoraOptions, add_adapters
from agent.decoders import LlamaDecoder, PublicDecoder, decoder_for
from agent.kv_cache import SlotCache
from agent.models import Mind
from agent.nano import nano_tokenizer
from agent.sampler import Request, Sampler, StopRule

TOKENIZER = nano_tokenizer()
VOCABULARY = len(TOKENIZER) + 3  # larger than the tokenizer, as many models' are
CONTEXT = 128
LLAMA_LIKE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
    "initializer_range": 0.3,
}


def _llama() -> PreTrainedModel:
    return LlamaForCausalLM(LlamaConfig(**LLAMA_LIKE))


def _qwen2() -> PreTrainedModel:
    return Qwen2ForCausalLM(Qwen2Config(**LLAMA_LIKE))


def _qwen3() -> PreTrainedModel:
    return Qwen3ForCausalLM(Qwen3Config(**LLAMA_LIKE, head_dim=16))


def _gpt2() -> PreTrainedModel:
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY,
            n_embd=32,
            n_layer=2,
            n_head=4,
            n_positions=CONTEXT,
            initializer_range=0.3,
        )
    )


ARCHITECTURES = {"llama": _llama, "qwen2": _qwen2, "qwen3": _qwen3, "gpt2": _gpt2}


@pytest.fixture(params=ARCHITECTURES)
def mind(request: pytest.FixtureRequest) -> Mind:
    return _mind(ARCHITECTURES[request.param])


@pytest.fixture
def llama() -> Mind:
    return _mind(_llama)


def _mind(build: Callable[[], PreTrainedModel]) -> Mind:
    torch.manual_seed(0)
    model = build().eval()
    for name, weight in model.named_parameters():
        if name.endswith("bias"):  # zero at birth, which would hide a forgotten one
            torch.nn.init.normal_(weight, std=0.3)
    return Mind(model, TOKENIZER, "tiny")


def _never(ids: object) -> bool:
    return False


def _sampler(mind: Mind, **options: object) -> Sampler:
    return Sampler(mind, **{"max_new_tokens": 12, "stop": _never} | options)  # type: ignore[arg-type]


def _prompt(length: int, seed: int = 0) -> tuple[int, ...]:
    return tuple(np.random.default_rng(seed).integers(9, VOCABULARY, length).tolist())


def _uniforms(seed: int, count: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).random(count)


def _generate(mind: Mind, ids: tuple[int, ...], count: int = 12) -> tuple[int, ...]:
    """What transformers writes greedily after `ids`."""
    out = mind.model.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        max_new_tokens=count,
        do_sample=False,
        eos_token_id=None,
        pad_token_id=0,
    )
    return tuple(out[0, len(ids) :].tolist())


def _log_probs(
    mind: Mind, prompt: tuple[int, ...], reply: tuple[int, ...], temperature: float = 1.0
) -> np.ndarray:
    """Log-probabilities of the reply's tokens, from one forward pass over everything."""
    with torch.no_grad():
        logits = mind.model(torch.tensor([prompt + reply])).logits[0, len(prompt) - 1 : -1]
    scores = (logits / temperature).log_softmax(-1)
    return scores.gather(-1, torch.tensor(reply)[:, None])[:, 0].numpy()


def test_greedy_equals_generate_over_several_turns(mind: Mind) -> None:
    """Rows of different lengths, asked in another order each turn, one of them opened late."""
    sampler = _sampler(mind)
    held: dict[int, tuple[int, ...]] = {}
    for turn, keys in enumerate([[0, 1, 2, 3], [3, 1, 0, 2], [2, 4, 0, 1, 3]]):
        new = {key: _prompt(3 + 7 * ((key + turn) % 3), seed=10 * turn + key) for key in keys}
        completions = sampler.generate([Request(key, new[key]) for key in keys])
        for key, completion in zip(keys, completions, strict=True):
            held[key] = held.get(key, ()) + new[key]
            assert completion.ids == _generate(mind, held[key])
            assert not completion.ended
            held[key] += completion.ids


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_log_probabilities_equal_a_full_forward_pass(mind: Mind, temperature: float) -> None:
    sampler = _sampler(mind, temperature=temperature)
    held: dict[int, tuple[int, ...]] = {0: (), 1: (), 2: ()}
    for turn in range(3):
        requests = [Request(k, _prompt(5 + 4 * k, turn), _uniforms(k + 3 * turn)) for k in held]
        for request, completion in zip(requests, sampler.generate(requests), strict=True):
            held[request.key] += tuple(request.new_ids)
            expected = _log_probs(mind, held[request.key], completion.ids, temperature)
            np.testing.assert_allclose(completion.log_probs, expected, atol=1e-4)
            held[request.key] += completion.ids


def test_a_row_does_not_depend_on_who_shares_its_batch(mind: Mind) -> None:
    alone = _sampler(mind)
    crowd = _sampler(mind)
    for turn in range(2):
        request = Request(5, _prompt(6, turn), _uniforms(turn))
        others = [Request(k, _prompt(3 + 5 * k, k), _uniforms(k)) for k in range(4)]
        (lonely,) = alone.generate([request])
        shared = crowd.generate([*others[:2], request, *others[2:]])[2]
        assert lonely.ids == shared.ids
        np.testing.assert_allclose(lonely.log_probs, shared.log_probs, atol=1e-5)


def test_replies_that_end_early_leave_the_others_as_they_are(mind: Mind) -> None:
    """Replies end one by one, so that the batch shrinks step by step and rows change slots."""

    def stop(ids: Sequence[int]) -> bool:
        return sum(ids) % 5 == 0

    sampler = _sampler(mind, stop=stop)
    keys = list(range(10))
    held: dict[int, tuple[int, ...]] = dict.fromkeys(keys, ())
    lengths = set()
    for turn in range(3):
        requests = [Request(key, _prompt(4 + key, key + 100 * turn)) for key in keys]
        for request, completion in zip(requests, sampler.generate(requests), strict=True):
            held[request.key] += tuple(request.new_ids)
            whole = _generate(mind, held[request.key])
            end = next((n for n in range(1, 13) if stop(whole[:n])), None)
            assert completion.ids == whole[:end]
            assert completion.ended == (end is not None)
            held[request.key] += completion.ids
            lengths.add(len(completion.ids))
        keys = keys[::2] + keys[1:6:2]
    assert len(lengths) > 3


def test_equal_openings_are_read_once_and_then_part(llama: Mind) -> None:
    sampler = _sampler(llama)
    reads = []
    decode = sampler._decode
    sampler._decode = lambda ids, cache: (reads.append(ids.shape), decode(ids, cache))[1]
    requests = [Request(k, _prompt(9, k // 4), _uniforms(k)) for k in range(8)]
    completions = sampler.generate(requests)
    assert reads[:2] == [(2, 9), (8, 1)]
    assert len({completion.ids for completion in completions}) > 2
    for request, completion in zip(requests, completions, strict=True):
        expected = _log_probs(llama, tuple(request.new_ids), completion.ids)
        np.testing.assert_allclose(completion.log_probs, expected, atol=1e-4)


def test_a_new_segment_keeps_what_it_opens_with_alike(mind: Mind) -> None:
    """Nothing, some or all of the last opening comes again; its last token is always read."""
    sampler = _sampler(mind)
    reads = []
    decode = sampler._decode
    sampler._decode = lambda ids, cache: (reads.append(ids.shape[1]), decode(ids, cache))[1]
    shared = _prompt(10)
    for tail, read in [(_prompt(4, 1), 14), (_prompt(6, 2), 6), (_prompt(6, 2), 1), ((), 1)]:
        reads.clear()
        prompt = shared + tail
        (completion,) = sampler.generate([Request(0, prompt, opens_segment=True)])
        assert completion.ids == _generate(mind, prompt)
        assert reads[0] == read
    (other,) = sampler.generate([Request(0, _prompt(9, 3), opens_segment=True)])
    assert other.ids == _generate(mind, _prompt(9, 3))


def test_keys_not_asked_for_are_dropped(llama: Mind) -> None:
    sampler = _sampler(llama)
    prompt, more = _prompt(8), _prompt(5, 1)
    (first, _) = sampler.generate([Request(0, prompt), Request(1, prompt)])
    sampler.generate([Request(1, more)])
    (reopened,) = sampler.generate([Request(0, more)])
    assert reopened.ids == _generate(llama, more)
    assert reopened.ids != _generate(llama, prompt + first.ids + more)


def test_nothing_asked_nothing_answered(llama: Mind) -> None:
    assert _sampler(llama).generate([]) == []


def test_refresh_takes_over_the_weights_and_starts_segments_anew(mind: Mind) -> None:
    sampler = _sampler(mind)
    prompt = _prompt(8)
    sampler.generate([Request(0, prompt)])
    with torch.no_grad():
        for weight in mind.model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.1)
    (stale,) = _sampler(mind).generate([Request(0, prompt)])
    sampler.refresh()
    (fresh,) = sampler.generate([Request(0, prompt)])
    assert fresh == stale
    assert fresh.ids == _generate(mind, prompt)


def test_the_sampler_leaves_the_mind_alone(llama: Mind) -> None:
    before = {name: weight.clone() for name, weight in llama.model.named_parameters()}
    llama.model.train()
    _sampler(llama, precision="bf16").generate([Request(0, _prompt(8))])
    assert llama.model.training
    for name, weight in llama.model.named_parameters():
        assert weight.requires_grad and torch.equal(weight, before[name])


def test_bf16_stays_near_fp32(mind: Mind) -> None:
    (completion,) = _sampler(mind, precision="bf16").generate([Request(0, _prompt(20))])
    expected = _log_probs(mind, _prompt(20), completion.ids)
    assert np.abs(completion.log_probs - expected).mean() < 0.1


def test_the_llama_decoder_equals_the_public_one(mind: Mind) -> None:
    fast, slow = _sampler(mind), _sampler(mind)
    slow._decode = PublicDecoder(slow._model)
    assert isinstance(fast._decode, LlamaDecoder) == (mind.model.config.model_type != "gpt2")
    requests = [Request(k, _prompt(5 + k, k), _uniforms(k)) for k in range(5)]
    for one, other in zip(fast.generate(requests), slow.generate(requests), strict=True):
        assert one.ids == other.ids
        np.testing.assert_allclose(one.log_probs, other.log_probs, atol=1e-5)


def test_adapters_are_sampled_from(mind: Mind) -> None:
    model = add_adapters(mind.model, LoraOptions(rank=2), "tiny")
    adapted = Mind(model, TOKENIZER, "tiny")
    sampler = _sampler(adapted)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if ".lora_" in name:
                weight.normal_(std=0.3)
    sampler.refresh()
    (completion,) = sampler.generate([Request(0, _prompt(8))])
    expected = _log_probs(adapted, _prompt(8), completion.ids)
    np.testing.assert_allclose(completion.log_probs, expected, atol=1e-4)


def test_temperature_zero_is_greedy_whatever_is_asked(llama: Mind) -> None:
    (completion,) = _sampler(llama, temperature=0).generate([Request(0, _prompt(8), _uniforms(1))])
    assert completion.ids == _generate(llama, _prompt(8))
    expected = _log_probs(llama, _prompt(8), completion.ids)
    np.testing.assert_allclose(completion.log_probs, expected, atol=1e-4)


def test_a_reply_ends_at_an_end_token_or_a_stop_text() -> None:
    rule = StopRule(TOKENIZER, frozenset({TOKENIZER.eos_token_id}), ("</answer>",))

    def ends(*ids: int) -> list[bool]:
        return [rule(ids[: n + 1]) for n in range(len(ids))]

    words = TOKENIZER.encode("go left")
    tag = TOKENIZER.encode("</answer>")
    pieces = TOKENIZER.convert_tokens_to_ids(list("</answer>"))
    assert len(tag) == 1 and len(pieces) == 9
    assert ends(*words, TOKENIZER.eos_token_id) == [False] * len(words) + [True]
    assert ends(*words, *tag) == [False] * len(words) + [True]
    assert ends(*words, *pieces) == [False] * (len(words) + 8) + [True]
    assert not any(ends(*TOKENIZER.encode("<answer> a > b </think>")))


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ([Request(0, (9,)), Request(0, (9,))], "same key"),
        ([Request(0, ())], "no token"),
        ([Request(0, (9,) * (CONTEXT - 11))], "more than the context of 128"),
        ([Request(0, (9,), np.zeros(11))], "11 uniforms"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    llama: Mind, requests: list[Request], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        _sampler(llama).generate(requests)


def test_a_segment_can_fill_the_whole_context(llama: Mind) -> None:
    prompt = _prompt(CONTEXT - 12)
    (completion,) = _sampler(llama).generate([Request(0, prompt)])
    assert completion.ids == _generate(llama, prompt)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "temperature"),
        ({"max_new_tokens": 0}, "max_new_tokens"),
        ({"precision": "fp61"}, "fp16|fp32"),
    ],
)
def test_impossible_options_are_refused(
    llama: Mind, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        _sampler(llama, **options)


def test_a_model_that_remembers_otherwise_is_refused() -> None:
    config = LlamaConfig(**LLAMA_LIKE)
    config.layer_types = ["full_attention", "linear_attention"]
    with pytest.raises(ValueError, match="layers of linear_attention"):
        SlotCache(config)


def test_a_model_without_a_cache_is_refused() -> None:
    model = OpenAIGPTLMHeadModel(OpenAIGPTConfig(vocab_size=50, n_embd=16, n_layer=1, n_head=2))
    with pytest.raises(ValueError, match=r"openai-gpt cannot be sampled.*slow path"):
        decoder_for(model)
