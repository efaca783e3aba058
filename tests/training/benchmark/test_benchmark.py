"""Playing a benchmark: what is asked for is played, once, and what goes wrong is a row."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.policies import RandomPolicy
from agent.types import Start
from training.benchmark import benchmark, contestants, matches
from training.benchmark.benchmark import entries, play_missing
from training.benchmark.config import BenchmarkConfig
from training.benchmark.contestants import contestant
from training.benchmark.matches import Crew, Ended, Failed, Job, News, play_job
from training.benchmark.protocols import Protocol, Trial, protocol
from training.benchmark.report import merge, read, write_report

SMALL = Protocol(
    "small",
    "Two small tasks",
    (Trial("near", "goto-small"), Trial("far", "goto-local", {"turn_limit": 40})),
    episodes=4,
    published_episodes=2,
    fallback="go forward",
)


class Here(Crew):
    """Plays in this process."""

    def play(self, jobs: Any, hear: Any) -> None:
        for job in jobs:
            play_job(job, lambda news, job=job: hear(job, news))


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "Crew", Here)


def play(folder: Path, *policies: str, **options: Any) -> int:
    """How many episodes were played."""
    config = BenchmarkConfig(policies=policies, workers=2, **options)
    everyone = entries(config, SMALL, folder)
    before = sum(len(entry.sheet.played()) for entry in everyone)
    play_missing(config, SMALL, folder, everyone, lambda *_: None)
    return sum(len(entry.sheet.played()) for entry in everyone) - before


def test_everything_is_played_once(tmp_path: Path) -> None:
    assert play(tmp_path, "random", "expert") == 16
    assert play(tmp_path, "random", "expert") == 0
    rows, played = read(tmp_path, SMALL)
    assert [row.label for row in rows] == ["random", "expert"]
    assert rows[1].average is not None
    assert rows[1].average.value == 1.0
    assert rows[1].cells["far"].length_ratio == 1.0
    assert {(one.trial, one.seed) for one in played["random"]} == {
        (one.trial, one.seed) for one in played["expert"]
    }


def test_an_interrupted_benchmark_goes_on(tmp_path: Path) -> None:
    play(tmp_path, "random")
    [lines] = tmp_path.glob("episodes/*.jsonl")
    whole = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(b"".join(whole[:3]) + whole[3][:50])  # as a kill leaves it
    rows, _ = read(tmp_path, SMALL)
    assert rows[0].missing == 5
    assert play(tmp_path, "random") == 5
    assert sorted(lines.read_bytes().splitlines()) != []
    again = {key_of(line) for line in lines.read_text().splitlines()}
    assert again == {key_of(line.decode()) for line in whole}


def key_of(line: str) -> tuple[str, int, str, int]:
    """What has to be equal, whenever an episode is played."""
    episode = json.loads(line)
    start = episode["start"]
    return start["task"], start["seed"], episode["status"], len(episode["turns"])


def test_a_crash_is_a_row_and_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = matches.open_policy

    class Breaks(RandomPolicy):
        def respond(self, live: Any) -> Any:
            if live[0].start.task == "far" or len(live[0].turns) > 2:
                raise RuntimeError("no more")
            return super().respond(live)

    def opened(one: Any, *rest: Any) -> Any:
        return Breaks() if one.source == "random" else real(one, *rest)

    monkeypatch.setattr(matches, "open_policy", opened)
    play(tmp_path, "random", "expert")
    rows, _ = read(tmp_path, SMALL)
    assert "crashed: RuntimeError: no more" in rows[0].failure
    assert rows[0].missing > 0
    assert rows[1].missing == 0
    write_report(tmp_path, SMALL)
    assert "it could not go on: crashed" in (tmp_path / "report.md").read_text()
    monkeypatch.setattr(matches, "open_policy", real)
    play(tmp_path, "random")
    rows, _ = read(tmp_path, SMALL)
    assert (rows[0].failure, rows[0].missing) == ("", 0)


def test_another_way_of_playing_does_not_mix(tmp_path: Path) -> None:
    play(tmp_path, "random", episodes=1)
    for options in ({"episodes": 2}, {"episodes": 1, "turns": 5}):
        with pytest.raises(ValueError, match="take another --folder"):
            play(tmp_path, "random", **options)
    assert play(tmp_path, "reactive", episodes=3) == 6


def test_other_versions_are_refused(tmp_path: Path) -> None:
    play(tmp_path, "random", episodes=1)
    [about] = tmp_path.glob("episodes/*.json")
    about.write_text(about.read_text().replace('"version": 1', '"version": 0'))
    with pytest.raises(ValueError, match="version 0"):
        read(tmp_path, SMALL)
    results = tmp_path / "results.json"
    results.write_text('{"version": 0}')
    with pytest.raises(ValueError, match="version 0"):
        merge(results, SMALL, [])


def test_results_of_protocols_stand_side_by_side(tmp_path: Path) -> None:
    play(tmp_path, "expert", episodes=2)
    rows = write_report(tmp_path, SMALL)
    file = tmp_path / "results.json"
    file.write_text('{"version": 1, "other": {}}')
    merge(file, SMALL, rows)
    found = json.loads(file.read_text())
    assert found["other"] == {}
    task = found["small"]["expert"]["near"]
    assert {"success", "low", "high", "episodes", "invalid", "turns", "tokens", "command"} <= set(
        task
    )
    assert task["success"] == 1.0
    assert task["low"] < 0.5


def test_as_published_has_missions_of_its_own_and_its_action(tmp_path: Path) -> None:
    config = BenchmarkConfig(policies=("random", "expert"), as_published=("seeds", "unreadable"))
    one, other = entries(config, SMALL, tmp_path)
    assert len(one.starts) == len(other.starts) == 4
    assert not set(one.starts) & set(other.starts)
    world = SMALL.trial("near").make(**one.options["near"])
    world.reset(seed=3)
    observation, *_, info = world.step("nonsense")
    assert "You went forward" in observation
    assert not info["readable"]


def test_the_first_missions_are_the_same_for_all(tmp_path: Path) -> None:
    config = BenchmarkConfig(policies=("random", "smollm2", "smollm2,few-shot"), told_episodes=2)
    everyone = entries(config, SMALL, tmp_path)
    assert [len(entry.starts) for entry in everyone] == [8, 4, 4]
    assert everyone[0].starts[:4] == everyone[1].starts
    assert {options["turn_limit"] for options in everyone[1].options.values()} == {20, 40}


def test_a_checkpoint_of_another_phrasing_plays_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("checkpoint", "drawn"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    own = {str(tmp_path / "checkpoint"): "steps", str(tmp_path / "drawn"): "drawn"}
    monkeypatch.setattr(contestants, "trained_phrasing", lambda folder: own.get(str(folder)))
    config = BenchmarkConfig(policies=(*own, "random"))
    everyone = entries(config, SMALL, tmp_path)
    assert [entry.contestant.phrasing for entry in everyone] == [None, "steps", None, None]
    assert everyone[1].options["near"]["phrasing"] == "steps"
    assert "phrasing" not in everyone[0].options["near"]
    assert "told by 'steps'" in everyone[1].contestant.label
    assert "both figures are given" in caplog.text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("expertt", "did you mean 'expert'"),
        ("smollm2,few-shoot", "did you mean 'few-shot'"),
        ("random,greedy", "no language model"),
        ("runs/none", "unknown policy 'runs/none'"),
        ("runs", "holds no model"),
        ("", "unknown policy"),
    ],
)
def test_what_is_nobody_is_refused(
    text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    with pytest.raises(ValueError, match=says):
        contestant(text)


def test_labels() -> None:
    assert contestant("smollm2").label == "smollm2, zero-shot"
    assert contestant("org/model,no-think,greedy").slug == "org-model-zero-shot-no-thinking-greedy"
    assert contestant("api:gpt-4o").label == "gpt-4o, zero-shot"


def test_a_real_process_plays_and_tells(tmp_path: Path) -> None:
    heard: list[News] = []
    job = Job(
        contestant("reactive"),
        protocol("balrog-babyai"),
        (Start("goto", 3), Start("pickup", 3)),
        {"goto": {"turn_limit": 64}, "pickup": {"turn_limit": 64}},
        benchmark.conditions(BenchmarkConfig()),
        BenchmarkConfig().api,
        threads=1,
        seats=8,
    )
    lost = Job(contestant("org/no-such-model"), *(getattr(job, name) for name in Job.__slots__[1:]))
    with Crew(2) as crew:
        crew.play([job, lost], lambda _, news: heard.append(news))
    ended = [news for news in heard if isinstance(news, Ended)]
    assert {news.episode.start.task for news in ended} == {"goto", "pickup"}
    [failed] = [news for news in heard if isinstance(news, Failed)]
    assert "no-such-model" in failed.reason
