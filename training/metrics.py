"""Figures of a run as it goes: records, kept as lines of JSON and shown wherever one looks."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from torch.utils.tensorboard import SummaryWriter

from envs.display import encodable

_PLACE = ("stage", "step", "of")


@dataclass(frozen=True, slots=True)
class Record:
    """The figures of one step of one stage."""

    stage: str
    step: int
    values: dict[str, Any]
    of: int | None = None
    """how many steps the stage has, where that is known"""

    def line(self) -> dict[str, Any]:
        """As it stands in `metrics.jsonl`."""
        total = {} if self.of is None else {"of": self.of}
        return {"stage": self.stage, "step": self.step} | total | self.values

    @classmethod
    def of_line(cls, line: Mapping[str, Any]) -> Self:
        """The inverse of `line`."""
        values = {name: value for name, value in line.items() if name not in _PLACE}
        return cls(line["stage"], line["step"], values, line.get("of"))


class Sink(Protocol):
    """Somewhere figures are shown."""

    def show(self, record: Record) -> None:
        """Take note of a step."""

    def note(self, text: str, done: int = 0, of: int | None = None) -> None:
        """Say what is under way, and how much of it is done where that is known."""

    def say(self, text: str) -> None:
        """Say something that is to stay."""

    def close(self) -> None:
        """Nothing more will come."""


def append_line(path: Path, value: Mapping[str, Any]) -> None:
    """Append one JSON object to a file of lines. What JSON has no word for is written as text."""
    line = json.dumps(_strict(value), default=str, allow_nan=False)
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of lines; a last line still being written is left out.

    Raises:
        ValueError: for a line that is no JSON, with its number.
    """
    return read_lines_behind(path, 0)[0]


def read_lines_behind(path: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """The objects behind an offset in bytes, and where the last whole line ends.

    Raises:
        ValueError: for a line that is no JSON, with its number, counted from the offset.
    """
    if not path.exists():
        return [], offset
    with path.open("rb") as file:
        file.seek(offset)
        whole, newline, _ = file.read().rpartition(b"\n")
    found = []
    for number, line in enumerate(whole.split(b"\n"), 1):
        try:
            if line:
                found.append(dict(json.loads(line)))
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(f"{path} is damaged in line {number}: {error}") from error
    return found, offset + len(whole) + len(newline)


def _strict(value: Any) -> Any:
    """The same with text for the numbers that JSON can't write, and `?` for half a character."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    if isinstance(value, Mapping):
        return {_strict(str(name)): _strict(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(one) for one in value]
    return value


class TensorBoardSink:
    """Every number as `stage/name`, for `tensorboard --logdir`."""

    def __init__(self, folder: Path) -> None:
        self._writer = SummaryWriter(str(folder))

    def show(self, record: Record) -> None:
        """Write the record's numbers."""
        for name, value in _numbers(record.values):
            self._writer.add_scalar(f"{record.stage}/{name}", value, record.step)
        self._writer.flush()

    def note(self, text: str, done: int = 0, of: int | None = None) -> None:
        """Nothing: TensorBoard knows numbers alone."""

    def say(self, text: str) -> None:
        """Nothing, as well."""

    def close(self) -> None:
        """Close its file."""
        self._writer.close()


def _numbers(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers among values, nested ones as `outer/inner`."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{name}/")
        elif isinstance(value, (int, float)):
            yield prefix + name, float(value)
