"""Ctrl-C between steps: the step under way is finished and kept, then the run stops."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Stop:
    """Whether the user has asked to stop."""

    asked: bool = False


@contextmanager
def between_steps() -> Iterator[Stop]:
    """Hold the first Ctrl-C back and note it; the second one interrupts at once.

    Where there is no main thread to hear a signal, nothing is held back.
    """
    stop = Stop()

    def note(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread
        yield stop
        return
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
