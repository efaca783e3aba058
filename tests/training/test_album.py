"""Pictures and recordings asked for at the window."""

from pathlib import Path

import pygame
from PIL import Image

from training.album import Album

SIZE = 64, 48


def test_each_has_a_name_of_its_own(tmp_path: Path) -> None:
    album = Album(tmp_path / "pictures")
    for _ in range(3):
        album.picture(pygame.Surface(SIZE))
        assert album.news().startswith("saved ")
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 3


def test_a_recording_that_was_not_stopped_is_written_at_the_end(tmp_path: Path) -> None:
    album = Album(tmp_path)
    album.record(SIZE)
    assert album.recording
    for shade in (10, 200):
        surface = pygame.Surface(SIZE)
        surface.fill((shade,) * 3)
        album.look(surface.copy, 0.1)
    said = album.close()
    [path] = tmp_path.iterdir()
    assert said == f"saved {path}" and not album.recording
    with Image.open(path) as moving:
        assert getattr(moving, "n_frames", 1) == 2


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    album = Album(tmp_path / "file")
    album.picture(pygame.Surface(SIZE))
    assert album.news().startswith("no picture could be saved")
    album.record(SIZE)
    album.look(lambda: pygame.Surface(SIZE), 0.1)
    assert album.close().startswith("no recording could be written")


def test_who_asked_for_nothing_is_told_nothing(tmp_path: Path) -> None:
    album = Album(tmp_path)
    album.look(lambda: pygame.Surface(SIZE), 0.1)
    assert album.close() == "" == album.news()
