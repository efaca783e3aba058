"""Pictures and recordings that someone asks for who looks at a window."""

from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import strftime

import pygame

from training.recording import Recording


class Album:
    """A folder of pictures and recordings. Recordings are written beside what goes on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._recording: Recording | None = None
        self._writers: list[Thread] = []
        self._told: SimpleQueue[str] = SimpleQueue()

    @property
    def recording(self) -> bool:
        """Whether what is shown is being recorded."""
        return self._recording is not None

    def look(self, surface: Callable[[], pygame.Surface], seconds: float) -> None:
        """Record what is shown, and for how long, where that was asked for."""
        if self._recording:
            self._recording.add(surface(), seconds)

    def picture(self, surface: pygame.Surface) -> None:
        """Save a picture."""
        path = self._place(".png")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            pygame.image.save(surface, str(path))
            self._told.put(f"saved {path}")
        except (OSError, pygame.error) as error:
            self._told.put(f"no picture could be saved: {error}")

    def record(self, size: tuple[int, int]) -> None:
        """Begin to record, or else stop and write it."""
        if self._recording is None:
            self._recording = Recording(size)
            return
        recording, self._recording, path = self._recording, None, self._place(".gif")
        self._told.put(f"writing {path}")
        writer = Thread(target=self._write, args=(recording, path))
        writer.start()
        self._writers.append(writer)

    def news(self) -> str:
        """What has come of the last wish that anything came of; empty where nothing has."""
        told = ""
        try:
            while True:
                told = self._told.get_nowait()
        except Empty:
            return told

    def close(self) -> str:
        """Stop recording, wait until all is written, and tell what came of it."""
        if self._recording:
            self.record(self._recording.size)
        for writer in self._writers:
            writer.join()
        return self.news() if self._writers else ""

    def _write(self, recording: Recording, path: Path) -> None:
        try:
            recording.write(path)
            self._told.put(f"saved {path}")
        except (OSError, ValueError) as error:
            self._told.put(f"no recording could be written: {error}")

    def _place(self, suffix: str) -> Path:
        """A name that is free, by the time of day."""
        name, number = strftime("%Y%m%d-%H%M%S"), 1
        path = self._folder / f"{name}{suffix}"
        while path.exists() or path.with_name(f".{path.name}").exists():
            number += 1
            path = self._folder / f"{name}-{number}{suffix}"
        return path
