"""Frames kept and written: a moving GIF, or an MP4 where a package for it is there."""

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pygame
from PIL import Image

SUFFIXES = (".gif", ".mp4")
MP4_RATE = 30
"""Frames a second."""


def check_recording(path: Path) -> None:
    """
    Raises:
        ValueError: if a recording of this name cannot be written here, with what would help.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"a recording is {' or '.join(SUFFIXES)}, got {path.name}")
    if path.suffix == ".mp4" and find_spec("imageio_ffmpeg") is None:
        raise ValueError(
            "an mp4 needs the package imageio-ffmpeg: pip install imageio-ffmpeg, or record a .gif"
        )


@dataclass(slots=True)
class Recording:
    """What has been shown so far, each picture once, with how long it stood."""

    size: tuple[int, int]
    """of every frame: a window that is resized meanwhile is scaled to it"""
    frames: list[np.ndarray] = field(default_factory=list)
    """uint8 `[height, width, 3]`"""
    seconds: list[float] = field(default_factory=list)

    def add(self, surface: pygame.Surface, seconds: float) -> None:
        """What is shown, and for how long."""
        if surface.get_size() != self.size:
            surface = pygame.transform.smoothscale(surface, self.size)
        frame = np.ascontiguousarray(pygame.surfarray.array3d(surface).swapaxes(0, 1))
        if self.frames and np.array_equal(self.frames[-1], frame):
            self.seconds[-1] += seconds
        else:
            self.frames.append(frame)
            self.seconds.append(seconds)

    def write(self, path: Path) -> None:
        """Write all of it, beside its place first.

        Raises:
            ValueError: if nothing was recorded.
            OSError: if it cannot be written.
        """
        if not self.frames:
            raise ValueError("nothing has been recorded")
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}")
        self._write_gif(beside) if path.suffix == ".gif" else self._write_mp4(beside)
        beside.replace(path)

    def _write_gif(self, path: Path) -> None:
        """One palette for all frames, so that nothing flickers."""
        images = [Image.fromarray(frame) for frame in self.frames]
        palette = images[len(images) // 2].quantize(128, dither=Image.Dither.NONE)
        drawn = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
        drawn[0].save(
            path,
            format="GIF",
            save_all=True,
            append_images=drawn[1:],
            duration=[max(round(1000 * one), 20) for one in self.seconds],
            loop=0,
        )

    def _write_mp4(self, path: Path) -> None:
        import imageio_ffmpeg

        writer = imageio_ffmpeg.write_frames(str(path), self.size, fps=MP4_RATE, macro_block_size=2)
        writer.send(None)
        for frame, seconds in zip(self.frames, self.seconds, strict=True):
            for _ in range(max(round(seconds * MP4_RATE), 1)):
                writer.send(frame)
        writer.close()
