"""One door to every policy: `load("random")`, `load("smollm2")`, `load("runs/default-0")`, ..."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from transformers import PreTrainedTokenizerBase

from agent.chat_api import PREFIX, ChatPolicy, ChatSettings
from agent.checksums import DamagedError, read_whole
from agent.language_policy import LanguagePolicy, Sampling
from agent.models import TRAINED, TRAINED_FOLDER, Mind, load_model, load_tokenizer, save_model
from agent.policies import ExpertPolicy, Policy, RandomPolicy, ReactivePolicy
from agent.precision import fastest_precision
from agent.prompts import Example
from agent.replies import ReplyMode
from envs.errors import nearest

logger = logging.getLogger(__name__)

POLICIES: dict[str, type[RandomPolicy | ReactivePolicy | ExpertPolicy]] = {
    "random": RandomPolicy,
    "reactive": ReactivePolicy,
    "expert": ExpertPolicy,
}
"""Those without a language model, by name."""

SETTINGS = "policy.json"
"""Beside a saved model: how its policy reads and replies."""
FORMAT = 1
"""Of that file."""


def load(
    path_or_name: str | Path,
    *,
    sampling: Sampling | None = None,
    mode: ReplyMode | None = None,
    precision: str = "fp32",
    temperature: float | None = None,
    examples: Mapping[str, tuple[Example, ...]] = MappingProxyType({}),
    chat: ChatSettings | None = None,
) -> Policy:
    """A policy that can play.

    Args:
        path_or_name: `random`, `reactive` or `expert`; `nano-mixed`, which is trained; `smollm2`, a
            Hugging Face id or a model's folder; a run folder, of which the newest checkpoint is
            taken, or that of the stage behind an @; or `api:` and the name of a model behind a
            remote chat API (see `agent.chat_api`).
        sampling: how a language model draws its replies; None: as it was saved.
        mode: what its replies hold; None: as it was saved.
        precision: of its weights; `auto`: what this machine is fastest in.
        temperature: in place of that of `sampling`; 0 is greedy.
        examples: what a language model is shown before its mission, by its task's name.
        chat: how a chat API is asked, and what that may cost; None: as is usual.

    Raises:
        ValueError: if nothing of this name can be found or loaded.
    """
    name = str(path_or_name)
    if name in POLICIES:
        return POLICIES[name]()
    if name.startswith(PREFIX):
        drawn = sampling or Sampling()
        if temperature is not None:
            drawn = replace(drawn, temperature=temperature)
        model, settings = name.removeprefix(PREFIX), chat or ChatSettings()
        return ChatPolicy(model, settings, drawn, mode or ReplyMode.THINK, examples)
    folder = newest_model(Path(name))
    if folder is None and Path(name, "checkpoints").is_dir():
        raise ValueError(f"of the checkpoints in {name} none is whole: there is no mind to load")
    mind = _mind(name if name in TRAINED else folder or name)
    saved = _settings(folder or Path(name))
    sampling = sampling or Sampling(**saved["sampling"])
    if temperature is not None:
        sampling = replace(sampling, temperature=temperature)
    mode = mode or ReplyMode(saved["mode"])
    if precision == "auto":
        precision = fastest_precision(mind.model.device)
    return LanguagePolicy(mind, sampling, mode, precision=precision, examples=examples)


def save(policy: LanguagePolicy, folder: Path) -> None:
    """Write a policy as an ordinary Hugging Face folder, with its settings beside."""
    save_model(policy.mind, folder)
    settings = {
        "format": FORMAT,
        "sampling": asdict(policy.sampling),
        "mode": policy.mode.value,
    }
    (folder / SETTINGS).write_text(json.dumps(settings, indent=2) + "\n")


def newest_model(run: Path) -> Path | None:
    """The model of a run folder's newest checkpoint that is whole; None where it has none.

    Behind an @ may stand the stage it is to be of: `runs/default-0@cold_start`. A mind that comes
    with the code is its own newest.
    """
    if str(run) in TRAINED:
        return TRAINED_FOLDER / run
    folder, stage = run_and_stage(run)
    found = (path.parent for path in folder.glob(f"checkpoints/[0-9]*-{stage}-[0-9]*/{SETTINGS}"))
    for folder in sorted(found, key=lambda path: path.name, reverse=True):
        try:
            read_whole(folder)
            return folder
        except DamagedError as error:
            logger.warning("passing over the checkpoint %s: %s", folder, error)
    return None


def run_and_stage(name: Path) -> tuple[Path, str]:
    """A run folder and the stage asked for; any stage, `*`, where none is.

    >>> run_and_stage(Path("runs/mixed-0@cold_start"))
    (PosixPath('runs/mixed-0'), 'cold_start')
    """
    folder, at, stage = str(name).rpartition("@")
    if not at or name.exists() or not stage.isidentifier():
        return name, "*"
    return Path(folder), stage


def newest_run(runs: Path) -> Path | None:
    """The newest of the run folders in a folder that has a mind to show; None where none has."""
    folders = sorted(runs.glob("*"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    return next(filter(newest_model, folders), None)  # reads all of a checkpoint: one is enough


def tokenizer_of(run: Path) -> PreTrainedTokenizerBase | None:
    """The tokenizer of a run's mind; None where there is none."""
    folder = newest_model(run)
    return None if folder is None else load_tokenizer(folder)


def _mind(name: str | Path) -> Mind:
    """The model of this name; where there is none, a policy without one may have been meant."""
    try:
        return load_model(name)
    except ValueError as error:
        meant = nearest(name, POLICIES)
        raise ValueError(f"{error} Did you mean '{meant}'?" if meant else str(error)) from error


def _settings(folder: Path) -> dict[str, Any]:
    """What was saved beside a model, or else what is usual.

    Raises:
        ValueError: if a newer version saved it.
    """
    path = folder / SETTINGS
    saved: dict[str, Any] = {"sampling": {}, "mode": ReplyMode.THINK, "format": FORMAT}
    if path.is_file():
        saved |= json.loads(path.read_text())
    known = {field.name for field in fields(Sampling)}
    if saved["format"] != FORMAT or not known.issuperset(saved["sampling"]):
        raise ValueError(f"{path} was written by a newer version of this project: update it")
    return saved
