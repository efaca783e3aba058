"""A run folder: written whole, resumed where it stood, refused where it must be."""

import json
import multiprocessing
import resource
import signal
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_model, save_model

import training.run_dir
from agent.checksums import digest
from tests.training.played import episode, group, turn
from training.checkpoints import FORMAT, Checkpoint, restore
from training.run_dir import RunDir, StorageError, read_metrics, read_run, write_json

CONFIG = {"task": "goto-small", "run": Path("runs/x"), "grpo": {"steps": 3}}


@pytest.fixture(autouse=True)
def linear_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mind here is a small linear layer, saved as its weights."""
    monkeypatch.setattr(
        training.run_dir,
        "save_policy",
        lambda policy, folder: save_model(policy.model, str(folder / "model.safetensors")),
    )


def mind(width: int = 3) -> SimpleNamespace:
    torch.manual_seed(0)
    return SimpleNamespace(model=torch.nn.Linear(width, 2))


def adam(of: SimpleNamespace) -> torch.optim.Optimizer:
    return torch.optim.AdamW(of.model.parameters(), lr=0.1)


def learn(of: SimpleNamespace, optimizer: torch.optim.Optimizer) -> None:
    """A step that draws from torch's random state."""
    optimizer.zero_grad()
    of.model(torch.rand(4, of.model.in_features)).square().sum().backward()
    optimizer.step()


def test_a_new_run_says_what_it_is(tmp_path: Path) -> None:
    with RunDir.create(tmp_path / "run", CONFIG) as run:
        assert run.config == {"task": "goto-small", "run": "runs/x", "grpo": {"steps": 3}}
        assert run.newest() is None
    about = read_run(tmp_path / "run")
    assert about["format"] == FORMAT
    assert torch.__version__.startswith(about["versions"]["torch"])
    assert {"commit", "command", "started", "python", "platform"} <= about.keys()


def test_the_threads_of_a_run_are_those_it_will_use(tmp_path: Path) -> None:
    for asked, used in ((3, 3), (0, torch.get_num_threads())):
        with RunDir.create(tmp_path / f"run-{asked}", CONFIG | {"threads": asked}):
            assert read_run(tmp_path / f"run-{asked}")["threads"] == used


def test_only_a_mistake_at_the_start_takes_the_folder_with_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mistake"), RunDir.create(tmp_path / "run", CONFIG):
        raise ValueError("mistake")
    assert not (tmp_path / "run").exists()
    with pytest.raises(KeyboardInterrupt), RunDir.create(tmp_path / "run", CONFIG):
        raise KeyboardInterrupt
    with RunDir.resume(tmp_path / "run") as run:
        assert run.newest() is None and run.config["task"] == "goto-small"


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="--resume"):
        RunDir.create(tmp_path, CONFIG)
    assert (tmp_path / "letter.txt").read_text() == "dear"
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no run"):
        RunDir.resume(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    ours = mind()
    optimizer = adam(ours)
    with RunDir.create(tmp_path / "run", CONFIG) as run:
        for step in range(4):
            learn(ours, optimizer)
            run.log("grpo", step, {"loss": float(step)}, of=4)
            run.save_episodes("grpo", step, [group(episode(turn([1], [2], opens=True)))])
            if step == 1:
                run.save("grpo", step + 1, ours, optimizer)  # type: ignore[arg-type]

    again = mind()
    with RunDir.resume(tmp_path / "run") as run:
        checkpoint = run.newest()
        assert checkpoint is not None and (checkpoint.stage, checkpoint.step) == ("grpo", 2)
        assert [line["step"] for line in read_metrics(run.folder)] == [0, 1]
        assert len((run.folder / "episodes.jsonl").read_text().splitlines()) == 2
        load(again, checkpoint)
        resumed = adam(again)
        restore(checkpoint, resumed)
        for step in range(checkpoint.step, 4):
            learn(again, resumed)
            run.log("grpo", step, {"loss": float(step)}, of=4)
    torch.testing.assert_close(again.model.state_dict(), ours.model.state_dict(), rtol=0, atol=0)
    assert [line["loss"] for line in read_metrics(tmp_path / "run")] == [0.0, 1.0, 2.0, 3.0]


def load(of: SimpleNamespace, checkpoint: Checkpoint) -> None:
    load_model(of.model, str(checkpoint.folder / "model.safetensors"))


def saved_run(folder: Path, saves: int = 3) -> Path:
    """A run with some checkpoints, one an update."""
    ours = mind()
    optimizer = adam(ours)
    with RunDir.create(folder, CONFIG) as run:
        for step in range(saves):
            learn(ours, optimizer)
            run.log("grpo", step, {"loss": 0.0})
            run.save_episodes("grpo", step, [group(episode(turn([1], [2], opens=True)))])
            run.save("grpo", step + 1, ours, optimizer)  # type: ignore[arg-type]
    return folder


def test_the_newest_whole_checkpoint_is_taken(tmp_path: Path, caplog) -> None:
    folder = saved_run(tmp_path / "run")
    newest = sorted((folder / "checkpoints").iterdir())[-1]
    weights = bytearray((newest / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (newest / "model.safetensors").write_bytes(weights)
    with RunDir.resume(folder) as run:
        checkpoint = run.newest()
        assert checkpoint is not None and checkpoint.step == 2
        assert len(read_metrics(folder)) == 2
    assert "checksum" in caplog.text


@pytest.mark.parametrize("name", ["state.json", "training.safetensors", "model.safetensors"])
@pytest.mark.parametrize("fault", ["missing", "cut"])
def test_a_missing_or_cut_file_passes_the_checkpoint_over(
    tmp_path: Path, name: str, fault: str
) -> None:
    folder = saved_run(tmp_path / "run", saves=2)
    newest, before = sorted((folder / "checkpoints").iterdir(), reverse=True)
    content = (newest / name).read_bytes()
    (newest / name).unlink()
    if fault == "cut":
        (newest / name).write_bytes(content[: len(content) // 2])
    with RunDir.resume(folder) as run:
        checkpoint = run.newest()
        assert checkpoint is not None and checkpoint.folder == before
        assert len(read_metrics(folder)) == 1
        for step in (2, 3):
            run.save("grpo", step, mind(), adam(mind()))  # type: ignore[arg-type]
        kept = sorted(path.name for path in (folder / "checkpoints").iterdir())
    # What was passed over does not take the place of what is whole.
    assert kept == ["0002-grpo-2", "0003-grpo-3", "passed-over-0002-grpo-2"]


def test_where_no_checkpoint_is_whole_nothing_is_changed(tmp_path: Path) -> None:
    folder = saved_run(tmp_path / "run")
    for state in folder.rglob("state.json"):
        state.unlink()
    before = {path: path.read_bytes() for path in folder.rglob("*.jsonl")}
    for _ in range(2):
        with pytest.raises(ValueError, match="none to go on from: nothing was changed"):
            RunDir.resume(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*.jsonl")} == before


def test_a_kill_in_the_first_moment_leaves_a_folder_that_can_be_taken(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("lock", ".run.json"):
        (tmp_path / "run" / name).write_text("half")
    RunDir.create(tmp_path / "run", CONFIG).close()


def test_half_written_checkpoints_of_a_killed_run_are_cleared_away(tmp_path: Path) -> None:
    folder = saved_run(tmp_path / "run", saves=1)
    (folder / "checkpoints" / ".0002-grpo-2").mkdir()
    RunDir.resume(folder).close()
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["0001-grpo-1"]


def test_a_run_folder_writes_through_no_link(tmp_path: Path) -> None:
    folder = saved_run(tmp_path / "run")
    (tmp_path / "letter").write_text("dear")
    (folder / "metrics.jsonl").unlink()
    (folder / "metrics.jsonl").symlink_to(tmp_path / "letter")
    with pytest.raises(ValueError, match=r"metrics.jsonl is a link"):
        RunDir.resume(folder)
    assert (tmp_path / "letter").read_text() == "dear"


def test_a_checkpoint_that_names_a_file_elsewhere_is_passed_over(tmp_path: Path, caplog) -> None:
    folder = saved_run(tmp_path / "run", saves=2)
    (tmp_path / "letter").write_text("dear")
    newest = sorted((folder / "checkpoints").iterdir())[-1]
    rewrite(newest / "state.json", sha256={"../../../letter": "0" * 64})
    with RunDir.resume(folder) as run:
        assert run.newest() is not None
    assert "letter lies outside of the folder" in caplog.text


def test_a_changed_configuration_is_noticed(tmp_path: Path) -> None:
    folder = saved_run(tmp_path / "run")
    about = (folder / "run.json").read_text()
    (folder / "run.json").write_text(about.replace('"steps": 3', '"steps": 7'))
    with pytest.raises(ValueError, match=r"run.json is not what was written"):
        RunDir.resume(folder)


def rewrite(path: Path, **values: object) -> None:
    """Change a record as someone would who can make its checksum, too."""
    record = json.loads(path.read_text()) | values
    path.write_text(json.dumps(record | {"digest": digest(record)}))


def test_old_checkpoints_are_thinned_but_each_stage_keeps_its_last(tmp_path: Path) -> None:
    ours = mind()
    with RunDir.create(tmp_path / "run", CONFIG) as run:
        for stage, step in [("cold_start", 9), *(("grpo", step) for step in range(1, 12))]:
            run.save(stage, step, ours, adam(ours))  # type: ignore[arg-type]
    kept = sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())
    assert kept == ["0001-cold_start-9", "0011-grpo-10", "0012-grpo-11"]


@pytest.mark.parametrize(
    ("validated", "best"),
    [
        ([0.5, 0.9, 0.6, 0.6, 0.6], "0002-grpo-10"),  # the very weights that were validated
        ([0.9, 0.6, 0.6, 0.6, 0.6], "0001-cold_start-9"),
        ([0.5, 0.9, 0.6, 0.9, 0.6], "0004-grpo-30"),  # of equals, what has learned longer
    ],
)
def test_the_checkpoint_of_the_best_validation_is_never_thinned(
    tmp_path: Path, validated: list[float], best: str
) -> None:
    ours = mind()
    with RunDir.create(tmp_path / "run", CONFIG) as run:
        run.save("cold_start", 9, ours, adam(ours))  # type: ignore[arg-type]
        assert run.best() is None
        for step, success in enumerate(validated):
            run.log("validation", 10 * step, {"success": success})
            run.save("grpo", 10 * step + 10, ours, adam(ours))  # type: ignore[arg-type]
        kept = sorted(path.name for path in (run.folder / "checkpoints").iterdir())
        assert kept == sorted({"0001-cold_start-9", best, "0005-grpo-40", "0006-grpo-50"})
        assert run.best() == run.folder / "checkpoints" / best


def test_between_checkpoints_the_one_before_the_best_validation_stays(tmp_path: Path) -> None:
    ours = mind()
    with RunDir.create(tmp_path / "run", CONFIG) as run:
        for step in range(20):
            if step % 5 == 0:
                run.log("validation", step, {"success": 0.9 if step == 5 else 0.5})
            if (step + 1) % 2 == 0:
                run.save("grpo", step + 1, ours, adam(ours))  # type: ignore[arg-type]
        assert run.best() == run.folder / "checkpoints" / "0002-grpo-4"


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    folder = saved_run(tmp_path / "run")
    with RunDir.resume(folder) as run:
        checkpoint = run.newest()
        assert checkpoint is not None
        with pytest.raises(ValueError, match="another model"):
            restore(checkpoint, adam(mind(width=5)))


@pytest.mark.parametrize("which", ["run.json", "state.json"])
def test_a_newer_format_is_refused(tmp_path: Path, which: str) -> None:
    folder = saved_run(tmp_path / "run")
    for path in folder.rglob(which):
        rewrite(path, format=99)
    with pytest.raises(ValueError, match="newer version"):
        RunDir.resume(folder)


@pytest.mark.parametrize("name", ["metrics.jsonl", "episodes.jsonl"])
def test_where_lines_are_missing_the_run_goes_on_from_before_them(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = saved_run(tmp_path / "run")
    path = folder / name
    path.write_bytes(path.read_bytes()[:-5])
    for _ in range(2):  # and the second time, too
        with RunDir.resume(folder) as run:
            checkpoint = run.newest()
            assert checkpoint is not None and checkpoint.step == 2
            assert [line["step"] for line in read_metrics(folder)] == [0, 1]
    assert f"{name} has been cut since" in caplog.text


def hold(folder: Path, ready, done) -> None:
    with RunDir.resume(folder):
        ready.set()
        done.wait(20)


def test_two_processes_cannot_write_one_run(tmp_path: Path) -> None:
    folder = saved_run(tmp_path / "run")
    fork = multiprocessing.get_context("fork")
    ready, done = fork.Event(), fork.Event()
    other = fork.Process(target=hold, args=(folder, ready, done))
    other.start()
    assert ready.wait(20)
    with pytest.raises(ValueError, match=f"id {other.pid}"):
        RunDir.resume(folder)
    other.kill()
    other.join()
    RunDir.resume(folder).close()  # its lock died with it


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="can't be written: Not a directory"):
        RunDir.create(tmp_path / "file" / "run", CONFIG)


def test_a_full_disk_leaves_what_was_saved(tmp_path: Path) -> None:
    folder = saved_run(tmp_path / "run", saves=1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    big = SimpleNamespace(model=torch.nn.Linear(300, 300))
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with RunDir.resume(folder) as run:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
            with pytest.raises(StorageError, match="can't be written"):
                run.save("grpo", 2, big, adam(big))  # type: ignore[arg-type]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["0001-grpo-1"]


def test_ctrl_c_in_a_checkpoint_leaves_nothing_half_written(tmp_path: Path, monkeypatch) -> None:
    folder = saved_run(tmp_path / "run", saves=1)

    def interrupted(mind: object, folder: Path) -> None:
        (folder / "model.safetensors").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(training.run_dir, "save_policy", interrupted)
    with RunDir.resume(folder) as run, pytest.raises(KeyboardInterrupt):
        run.save("grpo", 2, mind(), adam(mind()))  # type: ignore[arg-type]
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["0001-grpo-1"]


def test_episodes_are_kept_in_full(tmp_path: Path) -> None:
    played = episode(turn([1, 2], [3], opens=True), success=False, member=1)
    with RunDir.create(tmp_path / "run", CONFIG) as run:
        run.save_episodes("grpo", 5, [group(played)])
    (line,) = (tmp_path / "run" / "episodes.jsonl").read_text().splitlines()
    kept = json.loads(line)
    assert (kept["stage"], kept["step"], kept["group"], kept["member"]) == ("grpo", 5, 0, 1)
    assert kept["start"] == {"task": "a task", "seed": 7}
    assert kept["status"] == "failure"
    assert kept["turns"] == json.loads(json.dumps([asdict(one) for one in played.turns]))


def test_json_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    write_json(path, {"a": 1})
    write_json(path, {"a": np.float64(2.0)})
    assert json.loads(path.read_text()) == {"a": 2.0}
    assert [one.name for one in tmp_path.iterdir()] == ["evaluation.json"]
