"""A folder's lock: one process writes into it at a time."""

import fcntl
import os
from pathlib import Path
from typing import TextIO


def take_lock(folder: Path, option: str) -> TextIO:
    """Hold the folder's lock, until the file is closed or the process ends, however it ends.

    Args:
        folder: that is to be written into.
        option: by which another folder could be chosen.

    Raises:
        ValueError: if another process holds it.
    """
    file = (folder / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise ValueError(
            f"{folder} is being written by another process (id {holder}): wait for it, or choose "
            f"another folder with {option}."
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file
