"""A study in small, run for real: its arms depend on each other, are matched, and are reported."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import ray

from envs.questions.suite import read_suite
from scripts import study as script
from training.config import EvaluationConfig, TrainConfig, from_json
from training.ledger import ledger
from training.presets import preset
from training.run_dir import RunDir, read_run
from training.study import outcomes as outcomes_module
from training.study.arms import ARMS, Place, arm
from training.study.comparing import PRIMARY, compare
from training.study.jobs import Job, Start, State, in_processes, jobs, on_ray, run_all
from training.study.matching import costed, match
from training.study.outcomes import measured, outcome_path
from training.study.report import verdict, write_report
from training.study.study import Results, results
from training.study.worlds import TRAINED, trials
from training.train import train

SUITE = read_suite()[:14]
WEIGHTS = 2_090_496
PLAN = [(trials("goto-small")[0], 3)]
SMALL = ("cold", "grounded", "yoked", "text-rl")


def base() -> TrainConfig:
    tiny = preset("tiny")
    return replace(
        tiny,
        cold=replace(tiny.cold, demonstrations=4, questions=4, steps=2),
        grpo=replace(tiny.grpo, steps=2, step_credit=1.0),
        evaluation=EvaluationConfig(missions=1, validation_missions=1, every=2),
        sampling=replace(tiny.sampling, max_reply_tokens=70),
        threads=1,
        keep_every=1,
    )


def here(job: Job) -> Callable[[], int | None]:
    """Does a job at once, in this process."""
    job.create(base())
    config = from_json(TrainConfig, read_run(job.folder)["config"])
    with RunDir.resume(job.folder) as run:
        train(config, run)
    return lambda: 0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A study that was run to its end."""
    place = Place(tmp_path_factory.mktemp("study"))
    told: list[dict[str, State]] = []
    states = run_all(jobs(SMALL[2:], [0], place), here, 1, told.append, pause=0)
    assert {*states.values()} == {State.DONE}
    assert told[0]["yoked-0"] is State.WAITING
    return place


def found(place: Place, **options: bool) -> Results:
    every = jobs(SMALL, [0], place)
    states = {job.folder.name: job.state() for job in every}
    return results(every, states, base(), SUITE, PLAN, **options)


def test_an_arm_brings_what_it_needs() -> None:
    place = Place(Path("nowhere"))
    assert [job.arm.name for job in jobs(["yoked"], [0], place)] == ["cold", "grounded", "yoked"]
    names = [f"{job.arm.name}-{job.seed}" for job in jobs(["grounded"], [1, 2], place)]
    assert names == ["cold-1", "grounded-1", "cold-2", "grounded-2"]
    with pytest.raises(ValueError, match="did you mean 'yoked'"):
        jobs(["yokd"], [0], place)
    with pytest.raises(ValueError, match="no cold start of seed 0"):
        arm("grounded").configure(base(), place)


def test_every_arm_can_be_made_once_what_it_needs_is_done(place: Place) -> None:
    for one in ARMS.values():
        config = one.configure(base(), place)
        assert config.seed in (0, 1_000_000)
        assert one.name == "cold" or config.model == place.cold(0)


def test_all_begin_with_the_cold_start(place: Place) -> None:
    for name in ("grounded", "yoked", "text-rl"):
        config = read_run(place.run(name, 0))["config"]
        assert config["model"] == place.cold(0)
        assert config["cold_start"] == "none"
    assert read_run(place.run("text-rl", 0))["config"]["task"] == "questions-apart"


def test_what_is_done_is_not_done_again(place: Place) -> None:
    def never(job: Job) -> Callable[[], int | None]:
        raise AssertionError(job)

    states = run_all(jobs(SMALL, [0], place), never, 2, pause=0)
    assert {*states.values()} == {State.DONE}


def test_what_depends_on_a_failure_is_left(tmp_path: Path) -> None:
    every = jobs(["yoked", "text-rl"], [0], Place(tmp_path))
    states = run_all(every, lambda job: lambda: 1, 1, pause=0)
    assert states == {
        "cold-0": State.FAILED,
        "grounded-0": State.WAITING,
        "yoked-0": State.WAITING,
        "text-rl-0": State.WAITING,
    }


def test_a_job_is_a_process(tmp_path: Path) -> None:
    assert_it_is_done(tmp_path, in_processes)


def test_a_job_is_a_process_on_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Ray's workers give way to all other processes: while other tests run, for minutes.
    monkeypatch.setenv("RAY_worker_niceness", "0")
    ray.init(num_cpus=1, include_dashboard=False, configure_logging=False)
    assert_it_is_done(tmp_path, on_ray)
    ray.shutdown()


def assert_it_is_done(folder: Path, spread: Callable[[TrainConfig, int], Start]) -> None:
    every = jobs(["cold"], [0], Place(folder))
    assert every[0].state() is State.READY
    assert run_all(every, spread(base(), 1), workers=1) == {"cold-0": State.DONE}
    assert "Report:" in every[0].log.read_text()


def test_ray_is_asked_for_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ValueError, match="pip install ray"):
        on_ray(base(), 1)


def test_costs_grow_and_are_matched(place: Place) -> None:
    weights = ledger(place.run("grounded", 0)).weights
    for name in ("grounded", "yoked"):
        spent = [one.spent.tokens_trained for one in costed(place.run(name, 0), weights)]
        assert spent == sorted(spent)
    assert match([10, 20, 30], [15, 29.9, 45]) == (2, 1)
    assert match([1], [2]) is None
    assert match([0], [0]) is None


def test_unequal_costs_are_refused_without_the_flag(place: Place) -> None:
    refused = compare(place, [0], PRIMARY[1], "tokens", WEIGHTS, SUITE)
    if refused.contrast is None:
        assert "differ by" in refused.refused
        assert "--unequal" in refused.refused
    compared = compare(place, [0], PRIMARY[1], "tokens", WEIGHTS, SUITE, unequal=True)
    assert compared.contrast is not None
    assert len(compared.contrast.by_seed) == 1


def test_an_outcome_is_measured_once_and_on_one_suite(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = place.run("cold", 0)
    checkpoint = costed(run, 1)[-1].checkpoint
    first = measured(run, checkpoint, SUITE, PLAN)
    monkeypatch.setattr(outcomes_module, "load", None)
    assert measured(run, checkpoint, SUITE, PLAN) == first
    assert len(first.likeliest) == len(SUITE)
    assert first.world[TRAINED].episodes == 3
    path = outcome_path(run, checkpoint)
    told = path.read_text()
    path.write_text(told.replace(first.suite, "another"))
    with pytest.raises(ValueError, match="was measured on another suite"):
        measured(run, checkpoint, SUITE, [])
    path.write_text("{}")
    with pytest.raises(ValueError, match="holds no outcome"):
        measured(run, checkpoint, SUITE, [])
    path.write_text(told)


def test_the_report_says_what_is_missing_and_what_came(place: Place, tmp_path: Path) -> None:
    (tmp_path / "hypotheses.md").write_text("Near transfer: small.\n")
    told = found(place, unequal=True)
    assert {one.name for one in told.compared} == {"grounded - yoked", "grounded - text-rl"}
    report = write_report(tmp_path, told).read_text()
    assert "a pilot" in report
    assert "Near transfer: small." in report
    assert "a single seed says nothing" in report
    assert "Missing" not in report
    assert (tmp_path / "outcomes.png").stat().st_size > 1000
    json.dumps(told.as_json(), default=str)
    broken = replace(told, states={**told.states, "broken-0": State.WAITING}, compared=())
    report = write_report(tmp_path, broken).read_text()
    assert "**Missing:** broken-0 (waiting for another arm)" in report
    assert "None yet" in report


def test_too_few_seeds_are_never_called_equivalent(place: Place) -> None:
    one = next(each for each in found(place, unequal=True).compared if each.contrast)
    assert one.contrast is not None
    near = replace(one.contrast, p=0.6, equivalent_p=0.001, difference=0.001)
    assert "cannot tell" in verdict(replace(one, contrast=near), seeds=3)
    assert "no difference" in verdict(replace(one, contrast=near), seeds=10)
    clear = replace(near, p=0.01, difference=-0.1)
    assert "is ahead by 10.0 points." in verdict(replace(one, contrast=clear), seeds=10)


def test_the_command_reports_what_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.main(["--report-only", "--preset", "tiny", "--folder", str(tmp_path), "--seeds", "0"])
    assert "report.md" in capsys.readouterr().out
    assert "cold-0 (ready)" in (tmp_path / "report.md").read_text()
    with pytest.raises(SystemExit) as left:
        script.main(["--arms", "grouned", "--folder", str(tmp_path)])
    assert left.value.code == 2
    assert "did you mean 'grounded'" in capsys.readouterr().err.lower()
