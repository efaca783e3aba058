"""What was shown is what is written, for as long as it stood."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pygame
import pytest
from PIL import Image, ImageSequence

from training.recording import Recording, check_recording

SIZE = 64, 48


def surface(*places: int) -> pygame.Surface:
    """A picture with a bright square at each place."""
    found = pygame.Surface(SIZE)
    found.fill((18, 21, 27))
    for place in places:
        pygame.draw.rect(found, (230, 159, 0), (place, 8, 6, 6))
    return found


def pixels(of: pygame.Surface) -> np.ndarray:
    return pygame.surfarray.array3d(of).swapaxes(0, 1)


def recorded(*shown: tuple[pygame.Surface, float]) -> Recording:
    recording = Recording(SIZE)
    for picture, seconds in shown:
        recording.add(picture, seconds)
    return recording


def test_every_picture_is_kept_once_and_as_it_was() -> None:
    shown = [surface(4), surface(4, 20), surface(20), surface()]
    recording = recorded(*[(picture, 0.1) for picture in shown for _ in range(3)])
    assert recording.seconds == pytest.approx([0.3] * 4)
    for frame, picture in zip(recording.frames(), shown, strict=True):
        np.testing.assert_array_equal(frame, pixels(picture))


def test_what_stands_for_a_moment_is_passed_over() -> None:
    """60 frames a second become 20, and no second is lost."""
    recording = recorded(*[(surface(place % 50), 1 / 60) for place in range(120)])
    assert len(recording.seconds) == 40
    assert sum(recording.seconds) == pytest.approx(2)


def test_a_gif_has_its_pictures_and_its_time(tmp_path: Path) -> None:
    shown = [surface(4), surface(4, 20), surface(40)]
    recorded(*[(picture, 1 / 12) for picture in shown], (shown[-1], 1.0)).write(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as moving:
        assert moving.size == SIZE and moving.info["loop"] == 0
        frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(moving)]
    assert len(frames) == len(shown)
    for frame, picture in zip(frames, shown, strict=True):
        np.testing.assert_allclose(np.asarray(frame), pixels(picture), atol=2)
    with Image.open(tmp_path / "a.gif") as moving:
        times = [frame.info["duration"] for frame in ImageSequence.Iterator(moving)]
    assert times == [80, 90, 1080]  # in hundredths, and the sum is right


def test_a_window_that_is_resized_is_scaled(tmp_path: Path) -> None:
    recording = recorded((surface(4), 0.1), (pygame.Surface((128, 30)), 0.1))
    recording.write(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as moving:
        assert (moving.size, moving.n_frames) == (SIZE, 2)  # type: ignore[attr-defined]


def test_a_long_recording_takes_little_memory() -> None:
    """What changed alone is kept: not the frames, which would be 600 of 9 kB here."""
    recording = recorded(*[(surface(place % 50), 0.1) for place in range(600)])
    assert len(recording.seconds) == 600
    assert recording.bytes_kept < 600 * 9216 / 50


def test_a_recording_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    recording = recorded((surface(4), 0.1))
    monkeypatch.setattr("training.recording.GifImagePlugin.getdata", full)
    with pytest.raises(OSError, match="no space left"):
        recording.write(tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


def test_nothing_recorded_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing has been recorded"):
        Recording(SIZE).write(tmp_path / "a.gif")


@pytest.mark.skipif(find_spec("imageio_ffmpeg") is None, reason="imageio-ffmpeg is not installed")
@pytest.mark.parametrize("size", [SIZE, (65, 47)], ids=["even", "odd"])
def test_an_mp4_has_its_frames_and_its_size(tmp_path: Path, size: tuple[int, int]) -> None:
    import imageio_ffmpeg

    recording = Recording(size)
    for place in range(12):
        recording.add(pygame.transform.scale(surface(4 * place), size), 1 / 12)
    recording.add(surface(44), 0.5)
    check_recording(tmp_path / "a.mp4")
    recording.write(tmp_path / "a.mp4")
    reader = imageio_ffmpeg.read_frames(str(tmp_path / "a.mp4"))
    about = next(reader)
    assert about["size"] == tuple(side + side % 2 for side in size)
    assert len(list(reader)) == 45  # one and a half seconds
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_an_mp4_without_its_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.recording.find_spec", lambda _: None)
    with pytest.raises(ValueError, match="pip install imageio-ffmpeg"):
        check_recording(Path("a.mp4"))
