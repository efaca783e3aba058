"""A process's memory: keeping what it has, and one exception for having none left."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_ON_A_CPU = "can't allocate memory"
"""What torch says in a RuntimeError where the machine's own memory is out."""


_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
"""Numbers of `mallopt`'s settings, from glibc's malloc.h."""


def keep_freed_memory() -> None:
    """Large blocks that are freed stay with the process, to be used again.

    glibc hands them back to the system, tensor by tensor, and every tensor that follows is made of
    pages that the system has to zero first: a third of the time of an update of SmolLM2, or more
    (docs/performance.md). With one arena, threads use each other's blocks. Nothing happens where
    the C library is another one.
    """
    if libc := _glibc():
        libc.mallopt(_ARENA_MAX, 1)
        libc.mallopt(_MMAP_MAX, 0)
        libc.mallopt(_TRIM_THRESHOLD, -1)


def hand_back_memory() -> None:
    """Give the system what is kept and not in use, before another process needs it."""
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> Any:
    """The C library of this process, if it is glibc."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "mallopt") else None


class TooManyLive(MemoryError):
    """Memory holds fewer live episodes than these; those that have to wait begin by being read."""

    def __init__(self, room: int) -> None:
        """
        Args:
            room: how many to try next, at least 1.
        """
        super().__init__(f"memory has no room for more than {room} live episodes")
        self.room = room


@contextmanager
def as_memory_error() -> Iterator[None]:
    """Raises a `MemoryError` in place of what torch raises when memory is out.

    >>> with as_memory_error():
    ...     raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
    Traceback (most recent call last):
    MemoryError: CUDA out of memory. Tried to allocate 20.00 MiB.
    """
    try:
        yield
    except RuntimeError as error:  # which torch.OutOfMemoryError is
        if not isinstance(error, torch.OutOfMemoryError) and _ON_A_CPU not in str(error):
            raise
        raise MemoryError(str(error)) from None
