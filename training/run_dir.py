"""A run is a folder: everything a plot or a table shows can be made again from it.

::

    run.json        resolved configuration, command, git commit, versions: written once
    metrics.jsonl   one line for each logged step
    episodes.jsonl  what was played, one episode a line
    evaluation.json what was measured on the test missions, by policy
    tensorboard/    the metrics again, for TensorBoard
    checkpoints/    where the run can go on from
    lock            held, with the process id in it, while the run is being written
"""

import itertools
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, TextIO

import torch
from rich.console import Console
from safetensors import SafetensorError

from agent.checksums import digest
from agent.language_policy import LanguagePolicy
from agent.loading import save as save_policy
from agent.types import Group
from training.checkpoints import (
    FORMAT,
    Checkpoint,
    check_format,
    flush,
    has_checkpoints,
    newest_checkpoint,
    not_later,
    save_checkpoint,
    set_aside,
    thin,
    whole_checkpoints,
)
from training.circumstances import circumstances
from training.console import ConsoleSink
from training.lock import take_lock
from training.metrics import Record, Sink, TensorBoardSink, append_line, read_lines

logger = logging.getLogger(__name__)

EVALUATION = "evaluation.json"
LINES = "metrics.jsonl", "episodes.jsonl"
"""Files of lines, which a checkpoint knows the length of."""
NOTHING_YET = {"lock", ".run.json", ".DS_Store"}
"""What a folder may hold, and still be empty: the first moments of a run that was killed."""


class StorageError(OSError):
    """The run folder can't be written."""


class RunDir:
    """A run that is being written; `create` a new one or `resume` one that was interrupted.

    Use it as a context manager, so that the lock is given back.
    """

    def __init__(self, folder: Path, config: dict[str, Any], lock: TextIO, sinks: Sequence[Sink]):
        self.folder = folder
        self.config = config
        """the configuration the run was started with"""
        self._lock = lock
        self._sinks = sinks
        self._newest: Checkpoint | None = None
        self._new = False
        self._validated = [
            (line["success"], line["step"])
            for line in read_metrics(folder)
            if line["stage"] == "validation"
        ]

    @classmethod
    def create(
        cls, folder: Path, config: Mapping[str, Any], console: Console | None = None
    ) -> Self:
        """Start a run in a new folder.

        Args:
            folder: where; it must not hold anything yet.
            config: the resolved configuration, as JSON can hold it (paths become text).
            console: where progress is shown; None shows none.

        Raises:
            ValueError: the folder is taken.
            StorageError: it can't be written.
        """
        with _writing(folder, NOTHING_SAVED):
            folder.mkdir(parents=True, exist_ok=True)
            if any(path.name not in NOTHING_YET for path in folder.iterdir()):
                raise ValueError(
                    f"the folder {folder} is not empty: go on with its run by --resume, or "
                    "choose another folder with --run."
                )
            lock = take_lock(folder, "--run")
            about = {
                "format": FORMAT,
                "config": dict(config),
                **circumstances(config.get("threads")),
            }
            write_json(folder / "run.json", about | {"digest": digest(about)})
            run = cls(folder, read_run(folder)["config"], lock, _sinks(folder, console))
            run._new = True
            return run

    @classmethod
    def resume(cls, folder: Path, console: Console | None = None) -> Self:
        """Go on with the run in a folder, from its newest checkpoint that is whole.

        What was logged after that checkpoint is cut off: it will be done, and logged, again.

        Raises:
            ValueError: there is no run, it is another version's, another process is at it, or it
                has checkpoints and none to go on from; then nothing is changed.
            StorageError: it can't be written.
        """
        config = read_run(folder)["config"]
        with _writing(folder):
            _refuse_links(folder)
            lock = take_lock(folder, "--run")
            parent = folder / "checkpoints"
            newest = next((one for one in whole_checkpoints(parent) if _fits(one, folder)), None)
            if newest is None and has_checkpoints(parent):
                lock.close()
                raise ValueError(
                    f"of the checkpoints in {parent} there is none to go on from: nothing was "
                    "changed. Start a new run with --run."
                )
            set_aside(parent, newest)
            for name in LINES:
                _cut(folder / name, newest.extra["bytes"].get(name, 0) if newest else 0)
            run = cls(folder, config, lock, _sinks(folder, console))
            run._newest = newest
            return run

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self.close()
        logged = self.folder / "metrics.jsonl", self.folder / EVALUATION
        mistake = error is not None and issubclass(error, Exception)  # Ctrl-C is none
        if mistake and self._new and not any(path.exists() for path in logged):
            shutil.rmtree(self.folder)  # a mistake found at the start leaves nothing behind

    def close(self) -> None:
        """Finish the display and give back the lock."""
        for sink in self._sinks:
            sink.close()
        self._lock.close()

    def newest(self) -> Checkpoint | None:
        """The checkpoint the run would go on from."""
        return self._newest

    def newest_of(self, stage: str) -> Checkpoint | None:
        """The newest checkpoint of a stage."""
        return newest_checkpoint(self.folder / "checkpoints", stage)

    def best(self) -> Path | None:
        """The checkpoint of the best validation so far: the newest that is not later.

        Where as many steps lie between validations as between checkpoints, it holds the very
        weights that were validated.
        """
        if not self._validated:
            return None
        _, step = max(self._validated)
        return not_later(self.folder / "checkpoints", step)

    def log(
        self, stage: str, step: int, values: Mapping[str, Any], *, of: int | None = None
    ) -> None:
        """Keep a step's figures in `metrics.jsonl` and show them.

        Args:
            stage: "cold_start", "grpo", ...
            step: of the stage, counted from 0.
            values: numbers by name; text, None and nested records too. `alarms`, a list of
                sentences, stands out on the console.
            of: how many steps the stage has, where that is known.
        """
        record = Record(stage, step, dict(values), of)
        with _writing(self.folder):
            append_line(self.folder / "metrics.jsonl", record.line())
            if stage == "validation":
                self._validated.append((values["success"], step))
            for sink in self._sinks:
                sink.show(record)

    def note(self, text: str, done: int = 0, of: int | None = None) -> None:
        """Show what is under way, and how much of it is done where that is known."""
        for sink in self._sinks:
            sink.note(text, done, of)

    def say(self, text: str) -> None:
        """Show a line that stays."""
        for sink in self._sinks:
            sink.say(text)

    def counting(self, text: str, of: int, *, announce: bool = True) -> Callable[[object], None]:
        """Show what is under way and how far it is: tell the result of each of `of` as it ends.

        announce: show it as it begins, too; not where it begins every few seconds.
        """
        if announce:
            self.note(text, 0, of)
        done = itertools.count(1)
        return lambda _: self.note(text, next(done), of)

    def save_episodes(self, stage: str, step: int, groups: Sequence[Group]) -> None:
        """Keep what was played."""
        with _writing(self.folder):
            for number, group in enumerate(groups):
                for episode in group.episodes:
                    where = {"stage": stage, "step": step, "group": number}
                    append_line(self.folder / "episodes.jsonl", where | asdict(episode))

    def save(
        self, stage: str, step: int, policy: LanguagePolicy, optimizer: torch.optim.Optimizer
    ) -> None:
        """Write a checkpoint from which `stage` goes on with `step`; older ones are thinned.

        The best on validation stays, so that a collapse does not take it along.
        Log what belongs to the steps before it first: a resumed run keeps what was logged until
        now and nothing later.
        """
        with _writing(self.folder):
            files = [self.folder / name for name in LINES]
            written = [path for path in files if path.exists()]
            for path in written:
                flush(path)
            self._newest = save_checkpoint(
                self.folder / "checkpoints",
                stage,
                step,
                lambda folder: save_policy(policy, folder),
                optimizer,
                {"bytes": {path.name: path.stat().st_size for path in written}},
            )
            thin(self.folder / "checkpoints", self.best(), self.config.get("keep_every", 0))


def read_run(folder: Path) -> dict[str, Any]:
    """What `run.json` says of a run: `config`, `command`, `commit`, `versions`, ...

    Raises:
        ValueError: there is no run, or it was written by a newer version of the project.
    """
    try:
        about = json.loads((folder / "run.json").read_bytes())
        version, own = about["format"], about.get("digest")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{folder} holds no run: its run.json is missing or can't be read."
        ) from error
    if version == FORMAT and own != digest(about):
        raise ValueError(f"{folder / 'run.json'} is not what was written: its checksum differs.")
    check_format(version, folder)
    return dict(about)


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Every line of a run's `metrics.jsonl`; a last one still being written is left out."""
    return read_lines(folder / "metrics.jsonl")


def read_evaluation(folder: Path) -> dict[str, Any]:
    """What was measured on the test missions so far, by policy; empty before that.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / EVALUATION
    try:
        return dict(json.loads(path.read_bytes())) if path.exists() else {}
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def write_json(path: Path, value: object) -> None:
    """Write a JSON file beside and rename it into place: it is whole or not there."""
    beside = path.with_name(f".{path.name}")
    try:
        beside.write_text(json.dumps(value, indent=2, default=str) + "\n")
        flush(beside)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    beside.replace(path)


NOTHING_SAVED = "Make room, or choose another place with --run."
SAVED = (
    "What was saved before is whole; make room or choose another place, and go on with --resume."
)


@contextmanager
def _writing(folder: Path, advice: str = SAVED) -> Iterator[None]:
    """Turns what goes wrong with a disk into one sentence."""
    try:
        yield
    except StorageError:
        raise
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StorageError(
            f"the run folder {folder} can't be written: {reason}. {advice}"
        ) from error


def _sinks(folder: Path, console: Console | None) -> list[Sink]:
    """Where figures are shown. TensorBoard's files are made anew from the metrics."""
    shutil.rmtree(folder / "tensorboard", ignore_errors=True)
    board = TensorBoardSink(folder / "tensorboard")
    for line in read_metrics(folder):
        board.show(Record.of_line(line))
    return [board] if console is None else [board, ConsoleSink(console)]


def _refuse_links(folder: Path) -> None:
    """A run that comes from elsewhere is not to be written through to other places.

    Raises:
        ValueError: if anything in the folder is a link.
    """
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise ValueError(f"{path} is a link, and a run folder holds none: copy the run first.")


def _fits(checkpoint: Checkpoint, folder: Path) -> bool:
    """Whether all that had been logged when a checkpoint was written is still there."""
    for name, size in checkpoint.extra["bytes"].items():
        path = folder / name
        if name in LINES and (path.stat().st_size if path.exists() else 0) < size:
            logger.warning(
                "passing over the checkpoint %s: %s has been cut since", checkpoint.folder, name
            )
            return False
    return True


def _cut(path: Path, size: int) -> None:
    """Cut a file of lines to `size` bytes."""
    if path.exists():
        os.truncate(path, size)
