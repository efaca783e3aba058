"""Minds: a causal language model with its tokenizer, from a name, a folder or the hub."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
from transformers.utils import logging as transformers_logging

from agent import hub
from agent.adapters import LoraOptions, add_adapters, base_of, load_adapters
from agent.memory import keep_freed_memory
from agent.model_files import TRUST, WANTED, check_model_folder, is_adapted, is_trusted
from agent.nano import build_nano
from agent.precision import precision_dtype
from agent.smollm2 import smollm2_folder
from envs.errors import nearest

transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()

TRAINED = {"nano-mixed": "mixed"}
"""Minds that come with the code, ready to play: each one's name, and the task it was trained on."""
TRAINED_FOLDER = Path(__file__).with_name("trained")
NAMES = ("nano", "smollm2", *TRAINED)


@dataclass(frozen=True, slots=True)
class Mind:
    """A language model and how it reads and writes text."""

    model: PreTrainedModel
    """the weights that are trained, in fp32"""
    tokenizer: PreTrainedTokenizerBase
    name: str
    """what it was loaded from"""

    @property
    def context(self) -> int:
        """Tokens the model can attend to: its positions, or its sliding window where shorter."""
        config = self.model.config.get_text_config()
        window = getattr(config, "sliding_window", None) or config.max_position_embeddings
        return int(min(window, config.max_position_embeddings))

    @property
    def end_ids(self) -> frozenset[int]:
        """Tokens that end a reply."""
        generation = getattr(self.model, "generation_config", None)
        named = [self.tokenizer.eos_token_id, getattr(generation, "eos_token_id", None)]
        flat = [id for ids in named for id in (ids if isinstance(ids, list) else [ids])]
        return frozenset(id for id in flat if id is not None)


def load_model(
    name: str | Path,
    *,
    precision: str = "fp32",
    seed: int = 0,
    lora: LoraOptions | None = None,
    device: str | torch.device = "cpu",
) -> Mind:
    """A mind by name. The process keeps memory for it from then on (`keep_freed_memory`).

    Args:
        name: `nano`, a fresh random model; `nano-mixed`, a trained one; `smollm2`; a folder, as
            `save_model` or anybody else wrote it; or the id of a causal language model on the
            Hugging Face hub.
        precision: of the weights: `fp32`, or `bf16` for a mind that only plays.
        seed: of everything random at birth: all of `nano`'s weights, new adapters.
        lora: train new adapters on frozen weights, instead of the weights.
        device: where the weights lie.

    Raises:
        ValueError: if nothing of this name can be loaded, or it is no causal language model with
            a tokenizer that fits; says which.
        ConnectionError: if the name needs a download and there is no network.
    """
    dtype = precision_dtype(precision)
    keep_freed_memory()
    model, tokenizer = _load(str(name), seed)
    rows = cast(nn.Embedding, model.get_input_embeddings()).num_embeddings
    if rows < len(tokenizer):
        raise ValueError(
            f"the tokenizer of {name} has {len(tokenizer)} tokens and its model an embedding for "
            f"only {rows}: they do not belong together"
        )
    if lora is not None:
        if name == "nano":
            raise ValueError("LoRA adapts a pretrained model: nano is trained from scratch")
        if is_adapted(name):
            raise ValueError(f"{name} has adapters already: load it without LoRA options")
        model = add_adapters(model, lora, str(name), seed)
    nn.Module.to(model, device, dtype)
    return Mind(model, tokenizer, str(name))


def _load(name: str, seed: int) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model, in fp32, and tokenizer."""
    if name == "nano":
        return build_nano(seed)
    if name == "smollm2":
        return _from_folder(smollm2_folder())
    if name in TRAINED:
        return _from_folder(TRAINED_FOLDER / name)
    here = Path(name).is_dir()
    try:
        return _from_folder(Path(name) if here else _fetched(name))
    except (MemoryError, ConnectionError):
        raise
    except Exception as error:  # whatever a stranger's folder makes of those who read it
        lines = str(error).strip().splitlines() or [type(error).__name__]
        where = "" if here else " (no such folder here, so the hub was asked)"
        meant = None if here else nearest(name, NAMES)
        hint = f" Did you mean '{meant}'?" if meant else ""
        raise ValueError(f"cannot load the model {name}{where}: {lines[0]}{hint}") from error


def _fetched(name: str) -> Path:
    """The folder that the hub's model of this name is kept in: safetensors, JSON and words alone.

    Raises:
        OSError: if there is none, or no network.
    """
    wanted = [*WANTED, *(["*.py"] if is_trusted() else [])]
    local = not hub.answers()
    try:
        return Path(snapshot_download(name, allow_patterns=wanted, local_files_only=local))
    except LocalEntryNotFoundError as error:
        raise OSError(
            "the hub does not answer, and its cache here has none of this name"
        ) from error


def _from_folder(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Safetensors alone, and no code but where the user trusts it."""
    check_model_folder(folder)
    if is_adapted(folder):
        base = base_of(folder)
        if is_adapted(base):
            raise ValueError(f"its base {base} is not a whole model but adapters, too")
        model, _ = _load(base, seed=0)
        return load_adapters(model, folder), load_tokenizer(folder)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=is_trusted())
        kind = config.model_type
        own_code = "AutoModelForCausalLM" in (getattr(config, "auto_map", None) or {})
        if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and not own_code:
            raise ValueError(f"it is of the type {kind}, which is no causal language model")
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=is_trusted()
        )
        return model, load_tokenizer(folder)
    except ValueError as error:
        if "trust_remote_code" not in str(error):
            raise
        raise ValueError(
            "it brings code of its own, which is not run. Where you have read and trust that code, "
            f"set the environment variable {TRUST}=1"
        ) from error


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a model's folder."""
    return AutoTokenizer.from_pretrained(
        folder, trust_remote_code=is_trusted(), local_files_only=True
    )


def save_model(mind: Mind, folder: str | Path) -> None:
    """Writes an ordinary Hugging Face folder; of adapters, the adapters alone."""
    mind.model.save_pretrained(folder)
    mind.tokenizer.save_pretrained(folder)
