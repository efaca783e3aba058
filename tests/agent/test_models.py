"""Loading and saving minds: nano, folders of several architectures, adapters; and errors."""

import json
import pickle
from email.message import Message
from pathlib import Path
from unittest.mock import Mock
from urllib.error import HTTPError, URLError

import pytest
import torch
from safetensors.torch import save_file
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    T5Config,
)

from agent import hub
from agent.adapters import LoraOptions
from agent.model_files import TRUST
from agent.models import Mind, load_model, save_model
from agent.nano import nano_tokenizer
from agent.sampler import Request, Sampler

VOCABULARY = len(nano_tokenizer()) + 3  # Qwen2 adds a token of its own
SMALL = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}


@pytest.fixture(params=["llama", "qwen2", "qwen3", "gpt2"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of a tiny random model, as others write them."""
    model: PreTrainedModel = {
        "llama": lambda: LlamaForCausalLM(LlamaConfig(**SMALL)),
        "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**SMALL)),
        "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**SMALL, head_dim=8)),
        "gpt2": lambda: GPT2LMHeadModel(
            GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=64)
        ),
    }[request.param]()
    return _written(model, tmp_path / request.param)


def _written(model: PreTrainedModel, folder: Path) -> Path:
    model.save_pretrained(folder)
    nano_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    return _written(LlamaForCausalLM(LlamaConfig(**SMALL)), tmp_path / "base")


def _same(one: Mind, other: Mind) -> bool:
    ids = torch.arange(20)[None]
    with torch.no_grad():
        return torch.equal(one.model(ids).logits, other.model(ids).logits)


def test_nano_is_small_whole_and_the_same_for_the_same_seed() -> None:
    nano = load_model("nano", seed=3)
    assert 2_000_000 <= sum(weight.numel() for weight in nano.model.parameters()) <= 5_000_000
    assert nano.context == 2048
    assert nano.end_ids == {nano.tokenizer.convert_tokens_to_ids("<|end|>")}
    assert _same(nano, load_model("nano", seed=3))
    assert not _same(nano, load_model("nano", seed=4))


def test_loading_leaves_the_random_state_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    load_model("nano", seed=5)
    assert torch.equal(torch.rand(3), expected)


def test_nano_is_saved_as_an_ordinary_folder(tmp_path: Path) -> None:
    nano = load_model("nano")
    save_model(nano, tmp_path / "saved")
    names = {path.name for path in (tmp_path / "saved").iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= names
    again = load_model(tmp_path / "saved")
    assert _same(nano, again)
    text = "You see a red ball.<think>é ∀</think><answer>turn left</answer><|end|>"
    assert again.tokenizer.encode(text) == nano.tokenizer.encode(text)
    assert again.tokenizer.chat_template == nano.tokenizer.chat_template


def test_any_folder_loads_plays_and_saves(folder: Path, tmp_path: Path) -> None:
    mind = load_model(folder)
    assert mind.name == str(folder)
    assert mind.context == 64
    assert all(weight.dtype == torch.float32 for weight in mind.model.parameters())
    (completion,) = Sampler(mind, max_new_tokens=4).generate([Request(0, (9, 10))])
    assert 1 <= len(completion.ids) <= 4
    save_model(mind, tmp_path / "again")
    assert _same(mind, load_model(tmp_path / "again"))


def test_bf16_when_asked(llama: Path) -> None:
    mind = load_model(llama, precision="bf16")
    assert mind.model.dtype == torch.bfloat16


def test_adapters_are_saved_alone_and_found_again_on_their_base(
    llama: Path, tmp_path: Path
) -> None:
    adapted = load_model(llama, lora=LoraOptions(rank=2), seed=1)
    trained = {n for n, weight in adapted.model.named_parameters() if weight.requires_grad}
    assert trained and all(".lora_" in name for name in trained)
    assert _same(adapted, load_model(llama))  # new adapters add nothing
    with torch.no_grad():
        for name, weight in adapted.model.named_parameters():
            if name in trained:
                weight.normal_()
    save_model(adapted, tmp_path / "adapters")
    assert not (tmp_path / "adapters" / "model.safetensors").exists()
    again = load_model(tmp_path / "adapters")
    assert _same(adapted, again) and not _same(again, load_model(llama))
    assert {n for n, weight in again.model.named_parameters() if weight.requires_grad} == trained


def test_new_adapters_are_the_same_for_the_same_seed(llama: Path) -> None:
    one, same, other = (
        dict(load_model(llama, lora=LoraOptions(rank=2), seed=seed).model.named_parameters())
        for seed in (1, 1, 2)
    )
    assert all(torch.equal(weight, same[name]) for name, weight in one.items())
    assert not all(torch.equal(weight, other[name]) for name, weight in one.items())


def test_a_sliding_window_bounds_the_context(tmp_path: Path) -> None:
    """Within its window such a model attends to everything, as the sampler does."""
    config = Qwen2Config(**SMALL, use_sliding_window=True, sliding_window=16, max_window_layers=0)
    assert load_model(_written(Qwen2ForCausalLM(config), tmp_path / "model")).context == 16


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no/such-model", r"the hub was asked\): the hub does not answer.*of this name$"),
        ("gpt2", r"the hub was asked\): the hub does not answer.*of this name$"),
        ("nanno", r"the hub was asked\): the hub does not answer.* Did you mean 'nano'\?$"),
    ],
)
def test_an_id_that_cannot_be_had_is_clear_at_once(
    name: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "answers", lambda: False)
    with pytest.raises(ValueError, match=f"^cannot load the model {name} .*{message}"):
        load_model(name)


def test_a_hub_that_refuses_is_a_hub_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    for error, answers in [(HTTPError("", 404, "", Message(), None), True), (URLError(""), False)]:
        with monkeypatch.context() as patch:
            patch.setattr("urllib.request.urlopen", Mock(side_effect=error))
            assert hub.answers() is answers


def test_a_folder_without_a_model_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot load the model"):
        load_model(tmp_path)


def test_a_model_that_is_not_causal_is_refused(tmp_path: Path) -> None:
    T5Config(num_layers=1).save_pretrained(tmp_path)
    save_file({}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="type t5, which is no causal"):
        load_model(tmp_path)


class Trap:
    """Pickled, it writes a file where it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("adapters", [False, True])
def test_a_pickle_is_refused_by_name_and_not_read(
    llama: Path, tmp_path: Path, adapters: bool
) -> None:
    folder, name = llama, "pytorch_model.bin"
    if adapters:
        folder, name = tmp_path / "adapters", "adapter_model.bin"
        save_model(load_model(llama, lora=LoraOptions(rank=2)), folder)
    for weights in folder.glob("*.safetensors"):
        weights.unlink()
    (folder / name).write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(ValueError, match=f"{name} is a pickle"):
        load_model(folder)
    assert not (tmp_path / "sprung").exists()


def test_weights_outside_of_the_folder_are_not_read(llama: Path, tmp_path: Path) -> None:
    (llama / "model.safetensors").rename(tmp_path / "outside.safetensors")
    index = {"metadata": {}, "weight_map": {"lm_head.weight": "../outside.safetensors"}}
    (llama / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match=r"names '../outside.safetensors', which is no"):
        load_model(llama)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"transformers_weights": "adapter_model.bin"}, "a weights file of its own"),
        ({"_attn_implementation": "evil/kernel"}, "attention code from elsewhere"),
        ({"hidden_act": "nothing"}, "nothing"),
        ({"hidden_size": 31}, ""),
        ({"hidden_size": "wide"}, ""),
    ],
)
def test_a_strangers_configuration_ends_in_a_sentence(
    llama: Path, values: dict[str, object], reason: str
) -> None:
    config = json.loads((llama / "config.json").read_text()) | values
    (llama / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=f"cannot load the model {llama}.*{reason}"):
        load_model(llama)


def test_damaged_weights_end_in_a_sentence(llama: Path) -> None:
    content = (llama / "model.safetensors").read_bytes()
    (llama / "model.safetensors").write_bytes(content[:100])
    with pytest.raises(ValueError, match=f"cannot load the model {llama}"):
        load_model(llama)


def test_adapters_that_are_their_own_base_are_refused(llama: Path, tmp_path: Path) -> None:
    folder = tmp_path / "adapters"
    save_model(load_model(llama, lora=LoraOptions(rank=2)), folder)
    file = folder / "adapter_config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"base_model_name_or_path": str(folder)}))
    with pytest.raises(ValueError, match="is not a whole model but adapters"):
        load_model(folder)
    file.write_text(json.dumps(config | {"peft_type": "IA3"}))
    with pytest.raises(ValueError, match="adapters are of the kind IA3"):
        load_model(folder)


def test_code_that_a_model_brings_runs_only_where_it_is_trusted(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of a type that transformers does not know, with the code for it."""
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "m"))
    config = json.loads((llama / "config.json").read_text())
    config |= {
        "model_type": "own",
        "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"},
    }
    (llama / "config.json").write_text(json.dumps(config))
    (llama / "own.py").write_text(
        "from pathlib import Path\n"
        "from transformers import LlamaConfig, LlamaForCausalLM\n"
        f"Path({str(tmp_path / 'sprung')!r}).touch()\n"
        "class OwnConfig(LlamaConfig):\n    model_type = 'own'\n"
        "class OwnModel(LlamaForCausalLM):\n    config_class = OwnConfig\n"
    )
    with pytest.raises(ValueError, match=r"code of its own, which is not run.*REMOTE_CODE=1"):
        load_model(llama)
    assert not (tmp_path / "sprung").exists()
    monkeypatch.setenv(TRUST, "1")
    assert type(load_model(llama).model).__name__ == "OwnModel"
    assert (tmp_path / "sprung").exists()


def test_an_embedding_smaller_than_the_tokenizer_is_refused(tmp_path: Path) -> None:
    tokens = len(nano_tokenizer())
    model = LlamaForCausalLM(LlamaConfig(**SMALL | {"vocab_size": tokens - 1}))
    with pytest.raises(ValueError, match=f"has {tokens} tokens .* only {tokens - 1}"):
        load_model(_written(model, tmp_path / "model"))


@pytest.mark.parametrize("name", ["nano", "adapters"])
def test_adapters_where_they_make_no_sense(name: str, llama: Path, tmp_path: Path) -> None:
    save_model(load_model(llama, lora=LoraOptions(rank=2)), tmp_path / "adapters")
    name = str(tmp_path / name) if name == "adapters" else name
    with pytest.raises(ValueError, match="LoRA"):
        load_model(name, lora=LoraOptions())


@pytest.mark.parametrize("options", [{"rank": 0}, {"dropout": 1.0}])
def test_impossible_adapters_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="LoRA"):
        LoraOptions(**options)  # type: ignore[arg-type]


def test_a_misspelt_precision_is_no_other_precision() -> None:
    with pytest.raises(ValueError, match="did you mean 'bf16'"):
        load_model("nano", precision="bff16")
