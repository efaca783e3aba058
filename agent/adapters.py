"""LoRA: low-rank adapters on the linear layers of a frozen base, through peft.

Low-Rank Adaptation, Hu et al., arXiv:2106.09685.
"""

import warnings
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from peft import LoraConfig, PeftConfig, PeftModel, TaskType, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D


@dataclass(frozen=True, slots=True)
class LoraOptions:
    """Adapters to train instead of the weights."""

    rank: int = 16
    """inner dimension of each adapter"""
    alpha: float = 32.0
    """an adapter's output is scaled by alpha / rank"""
    dropout: float = 0.0
    """share of an adapter's inputs dropped in training"""

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"the rank of LoRA adapters must be at least 1, got {self.rank}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"LoRA dropout must be in [0, 1), got {self.dropout}")


def add_adapters(
    model: PreTrainedModel, options: LoraOptions, base: str, seed: int = 0
) -> PreTrainedModel:
    """The model with fresh adapters on every linear layer but the output; the rest is frozen.

    Args:
        base: the name that loads the base again; it is saved with the adapters.
    """
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        base_model_name_or_path=base,
        r=options.rank,
        lora_alpha=cast(int, options.alpha),
        lora_dropout=options.dropout,
        target_modules="all-linear",
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
    )
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it renames the base, and of names to be renamed
        torch.manual_seed(seed)
        adapted = get_peft_model(model, config)
    config.base_model_name_or_path = base
    return cast(PreTrainedModel, adapted)


def base_of(folder: Path) -> str:
    """The name of the base that the adapters in `folder` were trained on."""
    base = PeftConfig.from_pretrained(str(folder)).base_model_name_or_path
    if not base:
        raise ValueError(f"the adapters in {folder} do not say which model they belong to")
    return str(base)


def load_adapters(model: PreTrainedModel, folder: Path) -> PreTrainedModel:
    """The base with the adapters of `folder` on it, ready to be trained on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted = PeftModel.from_pretrained(model, str(folder), is_trainable=True)
    return cast(PreTrainedModel, adapted)


def plain_copy(model: PreTrainedModel, dtype: torch.dtype) -> PreTrainedModel:
    """A copy of the model to run and not to train, its adapters (if any) added to the weights."""
    copied = deepcopy(model)
    if isinstance(copied, PeftModel):
        copied = copied.merge_and_unload()
    nn.Module.to(copied, dtype)
    return copied.eval().requires_grad_(False)


def plain_weights(model: PreTrainedModel) -> Iterator[tuple[str, Tensor]]:
    """Names and values of the parameters as `plain_copy` has them."""
    if not isinstance(model, PeftModel):
        yield from model.named_parameters()
        return
    base = model.get_base_model()
    adapted = {
        f"{name}.base_layer.weight": module
        for name, module in base.named_modules()
        if isinstance(module, LoraLayer)
    }
    for name, value in base.named_parameters():
        if name in adapted:
            value = value + adapted[name].get_delta_weight("default")
        if ".lora_" not in name:
            yield name.replace(".base_layer.", "."), value
