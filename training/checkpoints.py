"""Checkpoints: written beside and renamed into place, so that each is whole or not there.

A checkpoint is an ordinary Hugging Face folder with two files beside the model's own, for training
to go on from: `training.safetensors` (optimizer, torch's random state) and `state.json` (where the
run stands, and the sha256 of every file and of itself). Nothing is pickled.
"""

import hashlib
import json
import logging
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

logger = logging.getLogger(__name__)

FORMAT = 1
"""Of run folders and checkpoints. A newer one than this is refused, not guessed at."""

STATE = "state.json"
TENSORS = "training.safetensors"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A whole checkpoint on disk; its folder loads as a model."""

    folder: Path
    stage: str
    """the stage that goes on from here"""
    step: int
    """with which of its steps"""
    extra: dict[str, Any]
    """what the run keeps beside it"""

    @property
    def model(self) -> Path:
        """The folder to load the model from: the checkpoint's own."""
        return self.folder


def check_format(version: object, path: Path) -> None:
    """Refuse what a newer version of this project wrote.

    Raises:
        ValueError: the format is newer than this code, or is no number.
    """
    if not isinstance(version, int) or not 1 <= version <= FORMAT:
        raise ValueError(
            f"{path} has format {version!r} and this version reads up to {FORMAT}: it was written "
            "by a newer version; update the project, or train into another folder."
        )


def save_checkpoint(
    parent: Path,
    stage: str,
    step: int,
    write_model: Callable[[Path], None],
    optimizer: torch.optim.Optimizer,
    extra: Mapping[str, Any],
) -> Checkpoint:
    """Write a checkpoint into `parent`, after those that are there.

    Args:
        parent: the folder of checkpoints.
        stage: the stage that goes on from here.
        step: with which of its steps.
        write_model: writes the model into the folder it is given, as safetensors and JSON.
        optimizer: its state is saved too.
        extra: JSON values to keep beside.
    """
    number = 1 + max((_number(folder) for folder in _folders(parent)), default=0)
    folder = parent / f"{number:04d}-{stage}-{step}"
    beside = parent / f".{folder.name}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        write_model(beside)
        save_file(_training_tensors(optimizer), beside / TENSORS)
        state = {
            "format": FORMAT,
            "stage": stage,
            "step": step,
            "extra": dict(extra),
            "optimizer": optimizer.state_dict()["param_groups"],
            "sha256": {name: _sha256(beside / name) for name in _files(beside)},
        }
        state["sha256"][STATE] = _digest(state)
        (beside / STATE).write_text(json.dumps(state, indent=2))
        for name in _files(beside):
            flush(beside / name)
        beside.rename(folder)
    except BaseException:  # Ctrl-C too: nothing half-written stays behind
        shutil.rmtree(beside, ignore_errors=True)
        raise
    flush(parent)
    return Checkpoint(folder, stage, step, dict(extra))


def restore(checkpoint: Checkpoint, optimizer: torch.optim.Optimizer) -> None:
    """Put back the optimizer's state and torch's random state; the model is loaded on its own.

    Raises:
        ValueError: it is a checkpoint of another model: the weights have other shapes.
    """
    tensors = load_file(checkpoint.folder / TENSORS)
    torch.set_rng_state(tensors.pop("random.cpu"))
    cuda = tensors.pop("random.cuda", None)
    if cuda is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(cuda)
    state: dict[int, dict[str, Tensor]] = defaultdict(dict)
    for name, tensor in tensors.items():
        _, index, key = name.split(".", 2)
        state[int(index)][key] = tensor
    groups = json.loads((checkpoint.folder / STATE).read_text())["optimizer"]
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    fits = sum(len(group["params"]) for group in groups) == len(weights) and all(
        tensor.ndim == 0 or tensor.shape == weights[index].shape
        for index, entries in state.items()
        for tensor in entries.values()
    )
    if not fits:
        raise ValueError(
            f"{checkpoint.folder} is a checkpoint of another model: its optimizer does not fit "
            "these weights. Resume with the model that the run was started with."
        )
    optimizer.load_state_dict({"state": dict(state), "param_groups": groups})


def newest_checkpoint(parent: Path, stage: str | None = None) -> Checkpoint | None:
    """The newest checkpoint that is whole, of a stage where one is named; damaged ones are passed
    over with a warning.

    Raises:
        ValueError: it was written by a newer version of the project.
    """
    for folder in sorted(_folders(parent), key=_number, reverse=True):
        try:
            found = read_checkpoint(folder)
            if stage in (None, found.stage):
                return found
        except DamagedError as error:
            logger.warning("passing over the checkpoint %s: %s", folder, error)
    return None


def not_later(parent: Path, step: int) -> Path | None:
    """The newest checkpoint not later than a step of GRPO; what came before GRPO is earlier."""
    for folder in sorted(_folders(parent), key=_number, reverse=True):
        _, stage, reached = folder.name.split("-")
        if stage != "grpo" or int(reached) <= step:
            return folder
    return None


KEPT = 2
"""How many of the newest checkpoints stay."""


def thin(parent: Path, pinned: Path | None = None, every: int = 0) -> None:
    """Delete all checkpoints but the newest ones, the newest of each stage, the pinned one, and
    those of GRPO whose step `every` divides, where it is not 0."""
    seen: set[str] = set()
    for place, folder in enumerate(sorted(_folders(parent), key=_number, reverse=True)):
        _, stage, step = folder.name.split("-")
        milestone = every and stage == "grpo" and int(step) % every == 0
        if place >= KEPT and stage in seen and folder != pinned and not milestone:
            shutil.rmtree(folder)
        seen.add(stage)


class DamagedError(ValueError):
    """A checkpoint that is not what was written."""


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read and check one checkpoint.

    Raises:
        DamagedError: a file is missing or is not what was written.
        ValueError: it was written by a newer version of the project.
    """
    try:
        state = json.loads((folder / STATE).read_text())
        check_format(state["format"], folder)
        checkpoint = Checkpoint(folder, state["stage"], state["step"], state["extra"])
        sums = dict(state["sha256"])
        own = sums.pop(STATE)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise DamagedError(f"{STATE} can't be read ({error!r})") from error
    if _digest(state) != own:
        raise DamagedError(f"{STATE} is not what was written: its checksum differs")
    for name, expected in sums.items():
        if not (folder / name).is_file():
            raise DamagedError(f"{name} is missing")
        if _sha256(folder / name) != expected:
            raise DamagedError(f"{name} is not what was written: its checksum differs")
    return checkpoint


def _training_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Optimizer state as `optimizer.<weight number>.<name>`, and random states."""
    tensors = {
        f"optimizer.{index}.{key}": torch.as_tensor(value).contiguous()
        for index, entries in optimizer.state_dict()["state"].items()
        for key, value in entries.items()
    }
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    return tensors


def _folders(parent: Path) -> list[Path]:
    return [folder for folder in parent.glob("[0-9]*-*-*") if folder.is_dir()]


def _number(folder: Path) -> int:
    return int(folder.name.split("-")[0])


def _files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(state: Mapping[str, Any]) -> str:
    """Of a state, its own checksum left out."""
    sums = {name: one for name, one in state["sha256"].items() if name != STATE}
    text = json.dumps({**state, "sha256": sums}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk, so that a power cut can't undo it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
