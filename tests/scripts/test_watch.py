"""Watching, as a user meets it: recorded without a window, and refused in a sentence."""

import json
from functools import partial
from pathlib import Path

import pygame
import pytest
from PIL import Image

import envs
from agent.policies import ExpertPolicy
from scripts import watch
from tests.training.test_killed import CONFIG
from training.config import to_json
from training.replays import Episodes
from training.run_dir import RunDir
from training.train import train
from training.watch import keep_ended, live_episodes

ENDING = ["--headless", "--policy", "expert", "--task", "goto-local", "--seed", "7"]


def test_an_episode_is_recorded_without_a_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gif, sheet, episode = (tmp_path / name for name in ("a/out.gif", "sheet.png", "episode.json"))
    watch.main([*ENDING, "--record", str(gif), "--sheet", str(sheet), "--json", str(episode)])
    with Image.open(gif) as moving:
        assert moving.size == (960, 600)
        assert getattr(moving, "n_frames", 1) > 10
    with Image.open(sheet) as tiles:
        assert min(tiles.size) > 300
    kept = json.loads(episode.read_text())
    assert kept["status"] == "success"
    assert f"success after {len(kept['turns'])} turns" in capsys.readouterr().out


def test_a_picture_of_a_turn_shows_its_whole_reply(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = []
    for turn in ("1", "2", "0"):
        path = tmp_path / f"{turn}.png"
        watch.main([*ENDING[:-1], "12", "--record", str(path), "--turn", turn])
        pictures.append(path.read_bytes())
    different = len({*pictures})
    assert different == 3
    assert "running after 1 turns" in capsys.readouterr().out
    with pytest.raises(SystemExit):  # this one ends with its first turn
        watch.main([*ENDING, "--record", str(path), "--turn", "2"])
    assert "there is no turn 2" in capsys.readouterr().err


def test_the_same_episode_is_the_same_recording(tmp_path: Path) -> None:
    for name in ("one.png", "other.png"):
        watch.main([*ENDING, "--record", str(tmp_path / name), "--size", "640", "420"])
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()


def test_two_policies_and_what_a_run_played(tmp_path: Path) -> None:
    with RunDir.create(tmp_path / "run", to_json(CONFIG)) as run:
        train(CONFIG, run)
    both = ["--headless", "--policy", str(tmp_path / "run"), "expert", "--seed", "3"]
    watch.main([*both, "--record", str(tmp_path / "both.png")])
    kept = ["--headless", "--episodes", str(tmp_path / "run"), "--first", "-1"]
    watch.main([*kept, "--record", str(tmp_path / "kept.png"), "--json", str(tmp_path / "e.json")])
    line = (tmp_path / "run" / "episodes.jsonl").read_text().splitlines()[-1]
    ours, theirs = json.loads((tmp_path / "e.json").read_text()), json.loads(line)
    assert ours["start"] == theirs["start"]
    for name in ("reply", "status", "action", "observation"):  # of a run that only answers, too
        assert [turn[name] for turn in ours["turns"]] == [turn[name] for turn in theirs["turns"]]
    assert ours["status"] == theirs["status"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--headless"], "--record"),
        (["--record", "x.gif"], "go with --headless"),
        (["--headless", "--record", "x.avi"], "a recording is .gif or .mp4"),
        (["--headless", "--policy", "human", "--record", "x.gif"], "a person needs a window"),
        (["--policy", "expert", "expert", "expert"], "one or two policies"),
        (["--policy", "exprt", "--headless", "--json", "x"], "did you mean 'expert'"),
        (["--task", "goto-smal"], "did you mean 'goto-small'"),
        (["--seed", "-1"], "seed must be 0 or more"),
        (["--policy", "expert", "--episodes", "x"], "--policy and --save do not go with it"),
        (["--headless", "--record", "x.gif", "--turn", "2"], "goes with --record FILE.png"),
        (["--first", "-1"], "--first counts the episodes of --episodes"),
        (["--headless", "--json", "x", "--save", "y"], "without one, --json"),
        (["--size", "100", "600"], "at least 200 x 200"),
        (
            ["--headless", "--json", "x", "--episodes", "nowhere"],
            "there are no episodes in nowhere",
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        watch.main(args)
    assert left.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert message.lower() in said.lower()
    assert "Traceback" not in said


@pytest.mark.parametrize("driver", ["nothing", None])
def test_without_a_display_the_other_ways_are_named(
    driver: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pygame.display.quit()
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    if driver:
        monkeypatch.setenv("SDL_VIDEODRIVER", driver)
    else:
        monkeypatch.setattr(pygame.display, "get_driver", lambda: "offscreen")
    with pytest.raises(SystemExit) as left:
        watch.main(["--policy", "expert"])
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert "there is no display" in said and "--headless" in said and "scripts.play" in said


def test_the_window_is_led_by_keys_and_left_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys as they come from pygame, on its dummy display."""
    keys = iter(
        [
            *(pygame.K_SPACE, pygame.K_LEFT, pygame.K_RIGHT, pygame.K_UP, pygame.K_b, pygame.K_v),
            *(pygame.K_p, pygame.K_v, pygame.K_F1, pygame.K_n, pygame.K_t, pygame.K_LEFT),
            *(pygame.K_ESCAPE, pygame.K_q, pygame.K_q),
        ]
    )

    def next_key() -> list[pygame.event.Event]:
        return [pygame.event.Event(pygame.KEYDOWN, key=next(keys), unicode="", mod=0)]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pygame.event, "get", next_key)
    watch.main(["--policy", "expert"])
    written = {path.suffix for path in (tmp_path / "pictures").iterdir()}
    assert written == {".png", ".gif"}
    assert not pygame.display.get_init()


@pytest.mark.parametrize("text", ["mind", "elsewhere"])
def test_a_mind_that_cannot_answer_ends_a_recording(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise ValueError(f"{text} is not there")

    monkeypatch.setattr(ExpertPolicy, "respond", fails)
    with pytest.raises(SystemExit) as left:
        watch.main(["--policy", "expert", "--headless", "--record", "never.gif"])
    assert left.value.code == 2
    assert f"the mind could not answer: {text} is not there" in capsys.readouterr().err


def test_what_a_person_played_is_shown_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A demonstration, kept by --save, with a phrasing of its own."""
    make = partial(envs.make, phrasing="map", turn_limit=3)
    [stage] = live_episodes([None], "goto-small", 5, make)(0)[1]
    for action in ("turn left", "go forward", "turn right"):
        stage.say(action, "I look.")
        stage.act()
    keep_ended([stage], tmp_path / "mine.jsonl", set())
    again = ["--headless", "--episodes", str(tmp_path / "mine.jsonl")]
    files = ["--record", str(tmp_path / "a.gif"), "--json", str(tmp_path / "a.json")]
    watch.main([*again, *files, "--size", "400", "300"])
    assert "truncated after 3 turns" in capsys.readouterr().out
    assert json.loads((tmp_path / "a.json").read_text()) == json.loads(
        (tmp_path / "mine.jsonl").read_text()
    )


def test_a_file_that_is_cut_back_is_read_anew(tmp_path: Path) -> None:
    """As a run's is that goes on from an earlier checkpoint."""
    make = partial(envs.make, turn_limit=1)
    path = tmp_path / "mine.jsonl"
    for seed in (5, 6, 7):
        [stage] = live_episodes([None], "goto-small", seed, make)(0)[1]
        stage.say("turn left")
        stage.act()
        keep_ended([stage], path, set())
    growing = Episodes(path)
    assert len(growing.read()) == 3
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[1])
    assert [one.episode.start.seed for one in growing.read()] == [6]
    path.write_text(lines[1] + lines[2])
    assert [one.episode.start.seed for one in growing.read()] == [6, 7]


def test_a_recording_goes_on_while_the_window_is_resized_and_is_written_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def resized() -> pygame.event.Event:
        pygame.display.set_mode((500, 400), pygame.RESIZABLE)
        return pygame.event.Event(pygame.VIDEORESIZE, size=(500, 400), w=500, h=400)

    def key(code: int) -> pygame.event.Event:
        return pygame.event.Event(pygame.KEYDOWN, key=code, unicode="", mod=0)

    steps = iter([lambda: key(pygame.K_v), *[lambda: key(pygame.K_b)] * 8, resized])
    monkeypatch.chdir(tmp_path)
    leave = lambda: pygame.event.Event(pygame.QUIT)  # noqa: E731
    monkeypatch.setattr(pygame.event, "get", lambda: [next(steps, leave)()])
    watch.main(["--policy", "expert", "--size", "400", "300"])
    [path] = (tmp_path / "pictures").iterdir()
    assert f"saved pictures/{path.name}" in capsys.readouterr().out
    with Image.open(path) as moving:
        assert moving.size == (400, 300)
        assert getattr(moving, "n_frames", 1) >= 2


def test_what_a_person_played_is_kept_once(tmp_path: Path) -> None:
    make = partial(envs.make, turn_limit=3)
    [stage] = live_episodes([None], "goto-small", 5, make)(0)[1]
    kept: set[int] = set()
    while not stage.ended:
        keep_ended([stage], tmp_path / "mine.jsonl", kept)
        stage.say("turn left")
        stage.act()
    for _ in range(2):
        keep_ended([stage], tmp_path / "mine.jsonl", kept)
    [one] = Episodes(tmp_path / "mine.jsonl").read()
    assert one.episode == stage.episode()
    assert [turn.action for turn in one.episode.turns] == ["turn left"] * 3
