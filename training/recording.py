"""Frames kept and written: a moving GIF, or an MP4 where a package for it is there."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pygame
from PIL import GifImagePlugin, Image

from envs.viewer.palette import (
    AMBER,
    CARD,
    EDGE,
    FAINT,
    GROUND,
    INK,
    SAND,
    SKY,
    SOFT,
    mix,
    sureness,
)

SUFFIXES = (".gif", ".mp4")
SHORTEST = 1 / 25
"""Seconds that a picture stands at least: readers of GIFs show what is shorter far longer."""
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


@dataclass(frozen=True, slots=True)
class _Change:
    """What a frame has that the one before had not."""

    left: int
    top: int
    width: int
    height: int
    packed: bytes

    def pixels(self) -> np.ndarray:
        """uint8 `[height, width, 3]`."""
        raw = np.frombuffer(zlib.decompress(self.packed), np.uint8)
        return raw.reshape(self.height, self.width, 3)


class Recording:
    """What has been shown so far: each picture once, and of each what changed alone."""

    def __init__(self, size: tuple[int, int]) -> None:
        """
        Args:
            size: of every frame: a window that is resized meanwhile is scaled to it.
        """
        self.size = size
        self.seconds: list[float] = []
        """how long each picture stood"""
        self._changes: list[_Change] = []
        self._last = np.zeros((0, 0, 3), np.uint8)

    @property
    def bytes_kept(self) -> int:
        """How much memory all of it takes."""
        return sum(len(change.packed) for change in self._changes)

    def add(self, surface: pygame.Surface, seconds: float) -> None:
        """What is shown, and for how long."""
        if self.seconds and self.seconds[-1] < SHORTEST:
            self.seconds[-1] += seconds
            return
        if surface.get_size() != self.size:
            surface = pygame.transform.smoothscale(surface, self.size)
        wide, high = self.size
        raw = pygame.image.tobytes(surface, "RGB")
        frame = np.frombuffer(raw, np.uint8).reshape(high, wide, 3)
        change = _change(self._last, frame) if self._changes else _packed(frame, 0, 0)
        if change is None:
            self.seconds[-1] += seconds
            return
        self._changes.append(change)
        self.seconds.append(seconds)
        self._last = frame

    def frames(self) -> Iterator[np.ndarray]:
        """Every picture, uint8 `[height, width, 3]`, to be looked at before the next is asked."""
        frame = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        for one in self._changes:
            frame[one.top : one.top + one.height, one.left : one.left + one.width] = one.pixels()
            yield frame

    def write(self, path: Path) -> None:
        """Write all of it, beside its place first.

        Raises:
            ValueError: if nothing was recorded.
            OSError: if it cannot be written.
        """
        if not self._changes:
            raise ValueError("nothing has been recorded")
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}")
        try:
            self._write_gif(beside) if path.suffix == ".gif" else self._write_mp4(beside)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def _write_gif(self, path: Path) -> None:
        """One palette for all frames, so that nothing flickers; of each, what changed alone."""
        palette = self._palette()
        with path.open("wb") as file:
            for change, stands in zip(self._changes, self._stands(100), strict=True):
                image = Image.fromarray(change.pixels())
                drawn = image.quantize(palette=palette, dither=Image.Dither.NONE)
                if not file.tell():
                    file.writelines(GifImagePlugin.getheader(drawn, info={"loop": 0})[0])
                at = change.left, change.top
                file.writelines(GifImagePlugin.getdata(drawn, at, duration=10 * stands))
            file.write(b";")

    def _write_mp4(self, path: Path) -> None:
        import imageio_ffmpeg

        writer = imageio_ffmpeg.write_frames(str(path), self.size, fps=MP4_RATE, macro_block_size=2)
        writer.send(None)
        try:
            for frame, stands in zip(self.frames(), self._stands(MP4_RATE), strict=True):
                whole = frame.tobytes()
                for _ in range(stands):
                    writer.send(whole)
        finally:
            writer.close()

    def _stands(self, rate: int) -> list[int]:
        """How long each picture stands, in parts of a second, so rounded that no error adds up."""
        ends = [round(rate * end) for end in accumulate(self.seconds, initial=0.0)]
        return [end - begin for begin, end in pairwise(ends)]

    def _palette(self) -> Image.Image:
        """Colours for pictures from all over the recording."""
        every = max(len(self._changes) // 6, 1)
        some = [frame.copy() for place, frame in enumerate(self.frames()) if place % every == 0]
        fixed = _told_apart()
        image = Image.fromarray(np.concatenate(some))
        found = image.quantize(256 - len(fixed) // 3, dither=Image.Dither.NONE).getpalette() or []
        palette = Image.new("P", (1, 1))
        palette.putpalette([*fixed, *found][: 3 * 256])
        return palette


def _told_apart() -> list[int]:
    """The window's own colours, also where they are too rare to be found: red, green, blue, ..."""
    named = GROUND, CARD, EDGE, INK, SOFT, FAINT, SKY, AMBER, SAND
    shades = [mix(GROUND, one, share) for one in named for share in (0.3, 0.55, 0.8, 1.0)]
    sure = [sureness(share / 8) for share in range(8)]
    return [part for colour in sorted({*shades, *sure}) for part in colour]


def _packed(frame: np.ndarray, left: int, top: int) -> _Change:
    high, wide = frame.shape[:2]
    return _Change(left, top, wide, high, zlib.compress(frame.tobytes(), 1))


def _change(before: np.ndarray, now: np.ndarray) -> _Change | None:
    """The smallest rectangle outside which the frames are the same; None where all of it is."""
    rows = np.flatnonzero((before != now).any((1, 2)))
    if not rows.size:
        return None
    top, bottom = rows[0], rows[-1] + 1
    columns = np.flatnonzero((before[top:bottom] != now[top:bottom]).any((0, 2)))
    left, right = columns[0], columns[-1] + 1
    return _packed(now[top:bottom, left:right], int(left), int(top))
