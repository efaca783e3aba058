"""Minds: a causal language model with its tokenizer, from a name, a folder or the hub."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
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
from agent.nano import build_nano
from agent.precision import precision_dtype
from agent.smollm2 import smollm2_folder
from envs.errors import nearest

transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()

NAMES = ("nano", "smollm2")

TRUST = "GROUNDED_TRUST_REMOTE_CODE"
"""An environment variable: 1 lets models run code that they bring along, with all your rights."""

PICKLES = "*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl"
"""Files that can run code when they are read. None ever is."""


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
        name: `nano`, a fresh random model; `smollm2`; a folder, as `save_model` or anybody else
            wrote it; or the id of a causal language model on the Hugging Face hub.
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
        if _is_adapted(name):
            raise ValueError(f"{name} has adapters already: load it without LoRA options")
        model = add_adapters(model, lora, str(name), seed)
    nn.Module.to(model, device, dtype)
    return Mind(model, tokenizer, str(name))


def _load(name: str, seed: int) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model, in fp32, and tokenizer."""
    if name == "nano":
        return build_nano(seed)
    if name == "smollm2":
        return _pretrained(str(smollm2_folder()))
    _refuse_pickles(Path(name))
    if _is_adapted(name):
        model, _ = _load(base_of(Path(name)), seed)
        return load_adapters(model, Path(name)), _tokenizer(name)
    return _pretrained(name)


def _is_adapted(name: str | Path) -> bool:
    return Path(name, "adapter_config.json").is_file()


def _refuse_pickles(folder: Path) -> None:
    """
    Raises:
        ValueError: if the weights of a folder are there as pickles alone.
    """
    found = [path.name for kind in PICKLES for path in sorted(folder.glob(kind))]
    if found and not any(folder.glob("*.safetensors")):
        raise ValueError(
            f"cannot load the model {folder}: {found[0]} is a pickle, which can run code when it "
            "is read. Where you trust it, convert it: load it with transformers and save it again, "
            "which writes model.safetensors"
        )


def _pretrained(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """From a folder or the hub: safetensors alone, and no code but where the user trusts it."""
    here = Path(name).is_dir()
    local = here or not hub.answers()
    try:
        config = AutoConfig.from_pretrained(
            name, trust_remote_code=_is_trusted(), local_files_only=local
        )
        kind = config.model_type
        own_code = "AutoModelForCausalLM" in (getattr(config, "auto_map", None) or {})
        if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and not own_code:
            raise ValueError(f"it is of the type {kind}, which is no causal language model")
        model = AutoModelForCausalLM.from_pretrained(
            name,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=_is_trusted(),
            local_files_only=local,
        )
        return model, _tokenizer(name, local)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        if "trust_remote_code" in str(error):
            reason = (
                "it brings code of its own, which is not run. Where you have read and trust that "
                f"code, set the environment variable {TRUST}=1"
            )
        where = "" if here else " (no such folder here, so the hub was asked)"
        meant = None if here else nearest(name, NAMES)
        hint = f" Did you mean '{meant}'?" if meant else ""
        raise ValueError(f"cannot load the model {name}{where}: {reason}{hint}") from error


def _tokenizer(name: str, local: bool = True) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(
        name, trust_remote_code=_is_trusted(), local_files_only=local
    )


def _is_trusted() -> bool:
    return os.environ.get(TRUST) == "1"


def save_model(mind: Mind, folder: str | Path) -> None:
    """Writes an ordinary Hugging Face folder; of adapters, the adapters alone."""
    mind.model.save_pretrained(folder)
    mind.tokenizer.save_pretrained(folder)
