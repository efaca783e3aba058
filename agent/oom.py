"""Running out of memory: one exception for it, whatever ran out."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_ON_A_CPU = "can't allocate memory"
"""What torch says in a RuntimeError where the machine's own memory is out."""


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
