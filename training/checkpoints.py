"""Checkpoints: written beside and renamed into place, so that each is whole or not there.

A checkpoint is an ordinary Hugging Face folder with two files beside the model's own, for training
to go on from: `training.safetensors` (optimizer, torch's random state) and `state.json` (where the
run stands, and the checksums, see `agent.checksums`). Nothing is pickled.
"""

import fcntl
import json
import logging
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from agent.checksums import STATE, DamagedError, digest, read_whole, sums_of

logger = logging.getLogger(__name__)

FORMAT = 2
"""Of run folders and checkpoints. Another one than this is refused, not guessed at."""

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
    """Refuse what another version of this project wrote.

    Raises:
        ValueError: the format is not this code's.
    """
    if version != FORMAT:
        older = isinstance(version, int) and version < FORMAT
        raise ValueError(
            f"{path} has format {version!r} and this version reads {FORMAT}: it was written by "
            f"{'an older' if older else 'a newer'} version; go on with that version, or train into "
            "another folder."
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
    number = 1 + max((_parts(folder)[0] for folder in _newest_first(parent)), default=0)
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
            "sha256": sums_of(beside),
        }
        (beside / STATE).write_text(json.dumps({**state, "digest": digest(state)}, indent=2))
        for path in (*beside.rglob("*"), beside):
            flush(path)
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


def whole_checkpoints(parent: Path, stage: str | None = None) -> Iterator[Checkpoint]:
    """Those that are whole, newest first, of a stage where one is named; damaged ones are passed
    over with a warning.

    Raises:
        ValueError: one was written by another version of the project.
    """
    for folder in _newest_first(parent):
        if stage in (None, _parts(folder)[1]):
            try:
                yield read_checkpoint(folder)
            except DamagedError as error:
                logger.warning("passing over the checkpoint %s: %s", folder, error)


def newest_checkpoint(parent: Path, stage: str | None = None) -> Checkpoint | None:
    """The newest one that is whole; None where there is none."""
    return next(whole_checkpoints(parent, stage), None)


def has_checkpoints(parent: Path) -> bool:
    """Whether there is any, whole or not."""
    return bool(_newest_first(parent))


def set_aside(parent: Path, newest: Checkpoint | None) -> None:
    """Rename what is newer than a checkpoint that a run goes on from, and remove half-written ones.

    They would be counted, and kept, in place of whole ones.
    """
    for folder in _newest_first(parent):
        if newest and _parts(folder)[0] > _parts(newest.folder)[0]:
            aside = folder.with_name(f"passed-over-{folder.name}")
            shutil.rmtree(aside, ignore_errors=True)
            folder.rename(aside)
    for beside in parent.glob(".*"):
        shutil.rmtree(beside, ignore_errors=True)


def not_later(parent: Path, step: int) -> Path | None:
    """The newest checkpoint not later than a step of GRPO; what came before GRPO is earlier."""
    for folder in _newest_first(parent):
        _, stage, reached = _parts(folder)
        if stage != "grpo" or reached <= step:
            return folder
    return None


KEPT = 2
"""How many of the newest checkpoints stay."""


def thin(parent: Path, pinned: Path | None = None, every: int = 0) -> None:
    """Delete all checkpoints but the newest ones, the newest of each stage, the pinned one, and
    those of GRPO whose step `every` divides, where it is not 0."""
    seen: set[str] = set()
    for place, folder in enumerate(_newest_first(parent)):
        _, stage, step = _parts(folder)
        milestone = every and stage == "grpo" and step % every == 0
        if place >= KEPT and stage in seen and folder != pinned and not milestone:
            shutil.rmtree(folder)
        seen.add(stage)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read and check one checkpoint.

    Raises:
        DamagedError: a file is missing or is not what was written.
        ValueError: it was written by another version of the project.
    """
    state = read_whole(folder)
    check_format(state["format"], folder)
    return Checkpoint(folder, state["stage"], state["step"], state["extra"])


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


_NAME = re.compile(r"(\d{4,})-([a-z_]+)-(\d+)")


def _newest_first(parent: Path) -> list[Path]:
    found = [path for path in parent.glob("*") if path.is_dir() and _NAME.fullmatch(path.name)]
    return sorted(found, key=_parts, reverse=True)


def _parts(folder: Path) -> tuple[int, str, int]:
    """Number, stage and step of a checkpoint."""
    named = _NAME.fullmatch(folder.name)
    assert named
    return int(named[1]), named[2], int(named[3])


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk, so that a power cut can't undo it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if hasattr(fcntl, "F_FULLFSYNC"):  # on macOS fsync alone does not reach the platter
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
