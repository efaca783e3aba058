"""Checksums of a saved folder: whether each of its files is what was written."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STATE = "state.json"
"""Holds the sha256 of every other file, and of itself."""


class DamagedError(ValueError):
    """A folder that is not what was written."""


def sums_of(folder: Path) -> dict[str, str]:
    """The sha256 of each file in a folder, those of its folders included."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path) for path in files}


def digest(record: Mapping[str, Any]) -> str:
    """Of a record as JSON, the digest that stands in it left out."""
    told = {key: value for key, value in record.items() if key != "digest"}
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def read_whole(folder: Path) -> dict[str, Any]:
    """The record of a folder, all of whose files are as it says.

    Raises:
        DamagedError: a file is missing, or is not what was written.
    """
    try:
        record = json.loads((folder / STATE).read_bytes())
        if digest(record) != record["digest"]:
            raise DamagedError(f"{STATE} is not what was written: its checksum differs")
        sums = dict(record["sha256"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, DamagedError):
            raise
        raise DamagedError(f"{STATE} can't be read ({error!r})") from error
    for name, expected in sums.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise DamagedError(f"{name} lies outside of the folder")
        if not path.is_file():
            raise DamagedError(f"{name} is missing")
        if sha256(path) != expected:
            raise DamagedError(f"{name} is not what was written: its checksum differs")
    return dict(record)


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
