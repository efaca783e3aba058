"""What a model's folder may hold, looked at before anything of it is loaded.

Folders come from anywhere. Weights are read from safetensors inside of the folder, and from nothing
else: a pickle can run code when it is read, and so can code that a model brings along.
"""

import json
import os
from pathlib import Path
from typing import Any

TRUST = "GROUNDED_TRUST_REMOTE_CODE"
"""An environment variable: 1 lets models run code that they bring along, with all your rights."""

WANTED = ["*.json", "*.safetensors", "*.jinja", "*.txt", "*.model"]
"""Files of a model on the hub that are fetched."""

ADAPTERS, WEIGHTS, SHARDS = (
    "adapter_model.safetensors",
    "model.safetensors",
    "model.safetensors.index.json",
)


def is_trusted() -> bool:
    """Whether the user trusts the code that models bring along."""
    return os.environ.get(TRUST) == "1"


def is_adapted(name: str | Path) -> bool:
    """Whether a folder holds adapters, and not a whole model."""
    return Path(name, "adapter_config.json").is_file()


def check_model_folder(folder: Path) -> None:
    """Refuse a folder whose weights would be read from elsewhere than its own safetensors.

    Raises:
        ValueError: says what is wrong with it.
    """
    if is_adapted(folder):
        kind = _read(folder / "adapter_config.json").get("peft_type")
        if kind != "LORA":
            raise ValueError(f"its adapters are of the kind {kind}, and LORA is the one known here")
        return _need(folder, ADAPTERS)
    config = _read(folder / "config.json")
    if "transformers_weights" in config:
        raise ValueError("its config.json names a weights file of its own, which is not read")
    kernels = [value for name, value in config.items() if name.endswith("attn_implementation")]
    if any("/" in str(value) for value in kernels):
        raise ValueError("its config.json asks for attention code from elsewhere, which is not run")
    if (folder / WEIGHTS).is_file():
        return None
    if not (folder / SHARDS).is_file():
        return _need(folder, WEIGHTS)
    for shard in set(dict(_read(folder / SHARDS)["weight_map"]).values()):
        if shard != Path(shard).name or not shard.endswith(".safetensors"):
            raise ValueError(f"{SHARDS} names {shard!r}, which is no safetensors file beside it")
        _need(folder, shard)
    return None


def _need(folder: Path, name: str) -> None:
    """Refuse a folder without this file; where it has pickles, those are named."""
    if (folder / name).is_file():
        return
    pickles = [
        path.name
        for path in sorted(folder.iterdir())
        if path.suffix in (".bin", ".pt", ".pth", ".ckpt", ".pkl")
    ]
    if pickles:
        raise ValueError(
            f"{pickles[0]} is a pickle, which can run code when it is read, and there is no "
            f"{name}. Where you trust it, load it with transformers and save it again"
        )
    raise ValueError(f"there is no {name} in it")


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"its {path.name} can't be read") from error
