"""Ctrl-C and SIGTERM between steps: the step under way is finished and kept, then the run stops."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Stop:
    """Whether the user has asked to stop."""

    asked: bool = False


@contextmanager
def between_steps() -> Iterator[Stop]:
    """Hold the first Ctrl-C or SIGTERM back and note it; the second one interrupts at once.

    Only the main thread hears signals: in any other, nothing is held back.
    """
    stop = Stop()

    def note(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    with handling(note):
        yield stop


@contextmanager
def handling(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Let a handler hear what asks a process to stop, Ctrl-C and SIGTERM, until the block ends."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, handler) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler_before in before.items():
            signal.signal(one, handler_before)
