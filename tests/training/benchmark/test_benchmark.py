"""Playing a benchmark: what is asked for is played, once, and what goes wrong is a row."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent import rollout
from agent.models import load_model, save_model
from agent.policies import RandomPolicy
from agent.replies import ReplyMode
from agent.types import Start
from training.benchmark import benchmark, contestants, entries, matches
from training.benchmark.config import BenchmarkConfig
from training.benchmark.contestants import Conditions, contestant, shown_examples
from training.benchmark.entries import Entry
from training.benchmark.figures import Row
from training.benchmark.matches import Crew, Ended, Failed, Job, Metered, News, play_job
from training.benchmark.protocols import Protocol, Trial, protocol
from training.benchmark.report import merge, read, write_report
from training.benchmark.store import Played
from training.lock import take_lock

SMALL = Protocol(
    "small",
    "Two small tasks",
    (Trial("near", "goto-small"), Trial("far", "goto-local", {"turn_limit": 40})),
    episodes=4,
    published_episodes=2,
    changes=("unreadable", "prompt", "seeds"),
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


def ask(folder: Path, *policies: str, **options: Any) -> list[Entry]:
    return entries.entries(BenchmarkConfig(policies=policies, **options), SMALL, folder)


def play(folder: Path, *policies: str, **options: Any) -> list[Row]:
    config = BenchmarkConfig(policies=policies, workers=2, **options)
    return benchmark.benchmark(config, SMALL, folder, lambda _: lambda *_: None)


def episodes(folder: Path, label: str) -> list[Played]:
    return next(played for row, played in read(folder, SMALL) if row.label == label)


def test_everything_is_played_once(tmp_path: Path) -> None:
    random, expert = play(tmp_path, "random", "expert")
    before = {path: path.read_bytes() for path in tmp_path.glob("episodes/*.jsonl")}
    assert play(tmp_path, "random", "expert") == [random, expert]
    assert before == {path: path.read_bytes() for path in before}
    assert (random.label, expert.label, random.missing) == ("random", "expert", 0)
    assert expert.average is not None
    assert expert.average.value == 1.0
    assert expert.cells["far"].length_ratio == 1.0
    missions = [
        {(one.trial, one.seed) for one in episodes(tmp_path, label)}
        for label in ("random", "expert")
    ]
    assert missions[0] == missions[1]
    assert len(missions[0]) == 8


def test_more_policies_join_behind_the_others(tmp_path: Path) -> None:
    play(tmp_path, "reactive", "expert")
    rows = play(tmp_path, "random")
    assert [row.label for row in rows] == ["reactive", "expert", "random"]


def test_an_interrupted_benchmark_goes_on(tmp_path: Path) -> None:
    play(tmp_path, "random")
    [lines] = tmp_path.glob("episodes/*.jsonl")
    whole = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(b"".join(whole[:3]) + whole[3][:50])  # as a kill leaves it
    [(row, _)] = read(tmp_path, SMALL)
    assert row.missing == 5
    assert row.average is None
    write_report(tmp_path, SMALL)
    report = (tmp_path / "report.md").read_text()
    assert "random: 5 of its episodes are not played yet" in report
    assert " of 4 played" in report
    [row] = play(tmp_path, "random")
    assert row.missing == 0
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
    random, expert = play(tmp_path, "random", "expert")
    assert "crashed: RuntimeError: no more" in random.failure
    assert random.missing > 0
    assert expert.missing == 0
    assert "it could not go on: crashed" in (tmp_path / "report.md").read_text()
    monkeypatch.setattr(matches, "open_policy", real)
    random, _ = play(tmp_path, "random")
    assert (random.failure, random.missing) == ("", 0)


def test_another_way_of_playing_does_not_mix(tmp_path: Path) -> None:
    play(tmp_path, "random", episodes=1)
    for options in ({"episodes": 2}, {"episodes": 1, "turns": 5}):
        with pytest.raises(ValueError, match="take another --folder"):
            play(tmp_path, "random", **options)
    rows = play(tmp_path, "reactive", episodes=3)
    assert [row.cells["near"].episodes for row in rows] == [1, 3]


def test_what_was_never_played_ties_nobody(tmp_path: Path) -> None:
    for entry in ask(tmp_path, "random", episodes=1):
        entry.sheet.open(entry.about)
    [row] = play(tmp_path, "random", episodes=2)
    assert row.cells["near"].episodes == 2


def test_two_protocols_do_not_share_a_folder(tmp_path: Path) -> None:
    play(tmp_path, "random", episodes=1)
    with pytest.raises(ValueError, match="played of small, and this is glam"):
        read(tmp_path, protocol("glam"))


def test_two_processes_do_not_play_into_one_folder(tmp_path: Path) -> None:
    with take_lock(tmp_path, "--folder"), pytest.raises(ValueError, match="another process"):
        play(tmp_path, "random")
    [row] = play(tmp_path, "random")
    assert row.missing == 0


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
    rows = play(tmp_path, "expert", episodes=2)
    file = tmp_path / "results.json"
    file.write_text('{"version": 1, "other": {}, "small": {"expert": 0, "them": 1}}')
    merge(file, SMALL, rows)
    found = json.loads(file.read_text())
    assert found["other"] == {}
    assert found["small"]["them"] == 1
    task = found["small"]["expert"]["near"]
    assert {"success", "low", "high", "episodes", "invalid", "turns", "tokens", "command"} <= set(
        task
    )
    assert task["success"] == 1.0
    assert task["low"] < 0.5


def test_as_published_has_missions_of_its_own_and_its_action(tmp_path: Path) -> None:
    one, other = ask(tmp_path, "random", "expert", as_published=("seeds", "unreadable"))
    assert len(one.starts) == len(other.starts) == 4
    assert not set(one.starts) & set(other.starts)
    world = SMALL.trial("near").make(**one.options)
    world.reset(seed=3)
    observation, *_, info = world.step("")
    assert "You went forward" in observation
    assert not info["readable"]


def test_what_a_protocol_has_no_original_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown change of small 'history'"):
        ask(tmp_path, "random", as_published=("history",))
    config = BenchmarkConfig(policies=("smollm2,no-think",), as_published=("prompt",))
    with pytest.raises(ValueError, match="leave no-think"):
        entries.entries(config, protocol("balrog-babyai"), tmp_path)


def test_the_first_missions_are_the_same_for_all(tmp_path: Path) -> None:
    everyone = ask(tmp_path, "random", "smollm2", "smollm2,few-shot", told_episodes=2)
    assert [len(entry.starts) for entry in everyone] == [8, 4, 4]
    assert everyone[0].starts[:4] == everyone[1].starts
    assert [entry.options for entry in everyone] == [{}, {"most_turns": 64}, {"most_turns": 64}]


def test_limits_are_those_of_each_mission(tmp_path: Path) -> None:
    world = protocol("glam").trial("trained mix").make(most_turns=100)
    limits = set()
    for seed in range(30):
        world.reset(seed=seed)
        limits.add(world.turn_limit)
    assert limits == {64, 100}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a model that has learned nothing."""
    folder = tmp_path_factory.mktemp("model") / "fresh"
    save_model(load_model("nano"), folder)
    return str(folder)


def test_a_model_that_was_only_told_plays(tmp_path: Path, told: str) -> None:
    limits = {"told_episodes": 1, "told_turns": 3, "answer_tokens": 9, "reply_tokens": 17}
    policies = (told, f"{told},few-shot,no-think")
    thinking, answering = play(tmp_path, *policies, **limits)
    assert (thinking.told, thinking.most_turns) == (True, 3)
    assert "few-shot, no thinking" in answering.label
    for row, most in ((thinking, 17), (answering, 9)):
        assert row.missing == 0
        for one in episodes(tmp_path, row.label):
            assert one.turns <= 3
            assert one.turns <= one.tokens <= most * one.turns
    read_by = [sum(c.tokens_read for c in row.cells.values()) for row in (thinking, answering)]
    assert read_by[1] > read_by[0] + 60, "the examples are read, too"


def test_examples_are_of_the_task_or_of_what_was_trained_on() -> None:
    def make(name: str, **options: Any) -> Any:
        return glam.trial(name).make(**options)

    glam = protocol("glam")
    shown = shown_examples(glam, make, ReplyMode.THINK, 1)
    assert len(set(shown.values())) == 1
    assert shown["French"][0].observation.startswith("Mission: ")
    balrog = protocol("balrog-babyai")
    shown = shown_examples(
        balrog, lambda name: balrog.trial(name).make(most_turns=30), ReplyMode.BARE, 1
    )
    first = shown["open"][0]
    assert first.observation.startswith("Mission: open")
    assert first.observation.endswith(" 30 turns left.")
    assert "<answer>" not in first.reply
    hurried = shown_examples(
        balrog, lambda name: balrog.trial(name).make(most_turns=6), ReplyMode.ANSWER, 1
    )
    assert hurried["goto"][0].observation.endswith(" 6 turns left.")
    assert hurried["open"][0].observation.endswith(" 128 turns left."), "it takes more than 6"


def test_a_providers_own_counts_are_taken() -> None:
    class Counts(RandomPolicy):
        def respond(self, live: Any) -> Any:
            return [replace(one, counted=(100, 7)) for one in super().respond(live)]

    metered = Metered(Counts())
    [episode] = rollout.play(metered, [(Start("goto-small", 3), 0)])
    share = metered.shares[episode.start]
    turns = len(episode.turns)
    assert (share.read, share.wrote) == (100 * turns, 7 * turns)


def test_two_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("org-m").mkdir()
    (tmp_path / "org-m" / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="have one name"):
        ask(tmp_path, "org-m", "org/m")


def test_an_unknown_baseline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="did you mean 'expert'"):
        play(tmp_path, "expert", baseline=("exprt",))
    play(tmp_path, "random", "expert", baseline=("expert",))
    assert "Against expert, mission by mission" in (tmp_path / "report.md").read_text()


def test_a_checkpoint_of_another_phrasing_plays_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("checkpoint", "drawn"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    own = {str(tmp_path / "checkpoint"): "steps", str(tmp_path / "drawn"): "drawn"}
    monkeypatch.setattr(contestants, "trained_phrasing", lambda folder: own.get(str(folder)))
    everyone = ask(tmp_path, *own, "random")
    assert [entry.contestant.phrasing for entry in everyone] == [None, "steps", None, None]
    assert everyone[1].options["phrasing"] == "steps"
    assert "phrasing" not in everyone[0].options
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
    assert contestant("api:gpt-4o").label == "api:gpt-4o, zero-shot"


def job_of(source: str, *starts: Start) -> Job:
    return Job(
        contestant(source),
        source,
        protocol("balrog-babyai"),
        starts,
        {},
        Conditions(),
        BenchmarkConfig().api,
        threads=1,
        seats=8,
    )


def dies(job: Job, pipe: Any) -> None:
    os._exit(9)


def test_real_processes_play_and_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[News] = []
    jobs = [
        job_of("reactive", Start("goto", 3), Start("pickup", 3)),
        job_of("org/no-such-model", Start("goto", 3)),
    ]
    with Crew(2) as crew:
        crew.play(jobs, lambda _, news: heard.append(news))
    ended = [news for news in heard if isinstance(news, Ended)]
    assert {news.episode.start.task for news in ended} == {"goto", "pickup"}
    [failed] = [news for news in heard if isinstance(news, Failed)]
    assert "no-such-model" in failed.reason


def test_a_process_that_dies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[News] = []
    monkeypatch.setattr(matches, "_work", dies)
    with Crew(1) as crew:
        crew.play([job_of("reactive", Start("goto", 3))], lambda _, news: heard.append(news))
    [failed] = heard
    assert isinstance(failed, Failed)
    assert "exit code 9" in failed.reason


def test_what_goes_wrong_with_keeping_is_not_swallowed() -> None:
    def full(*_: object) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"), Crew(1) as crew:
        crew.play([job_of("reactive", Start("goto", 3))], full)
