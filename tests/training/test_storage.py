"""Storage gone wrong: a full disk, a folder that cannot be written, files that are not whole."""

import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.loading import newest_model
from agent.models import load_model
from scripts.train import main
from tests.support.faults import keep
from tests.training.test_killed import CONFIG, Result
from training.checkpoints import DamagedError, newest_checkpoint, read_checkpoint
from training.config import TrainConfig, from_json, to_json
from training.disk import peak_bytes
from training.run_dir import RunDir, read_evaluation, write_json
from training.train import train

ROOT = Path(__file__).parents[2]
FAULTS_OF_A_FILE = 40
"""In the long run."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few short steps, finished."""
    folder = tmp_path_factory.mktemp("storage") / "run"
    with RunDir.create(folder, to_json(CONFIG)) as run:
        train(CONFIG, run)
    return folder


def before_its_end(whole: Path, folder: Path) -> Path:
    """A copy of the run that is still to be measured at its end; returns its newest checkpoint."""
    shutil.copytree(whole, folder)
    measured = read_evaluation(folder)
    del measured["grpo"]
    write_json(folder / "evaluation.json", measured)
    newest = newest_checkpoint(folder / "checkpoints")
    assert newest is not None
    return newest.folder


def in_a_mount(script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script where mounts can be made, that nobody else sees."""
    tool = shutil.which("unshare")
    if not tool or subprocess.run([tool, "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount anything of their own")
    return subprocess.run(
        ["unshare", "-rm", "bash", "-euc", script],
        cwd=ROOT,
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )


def test_a_disk_that_fills_up_stops_the_run_in_a_sentence_and_nothing_is_lost(
    tmp_path: Path, whole: Path
) -> None:
    """On a file system with room for three checkpoints of `nano`; then it is made larger."""
    last = before_its_end(whole, tmp_path / "run")
    shutil.rmtree(last)
    done = in_a_mount(
        f"""
        cd {tmp_path}; mkdir disk; mount -t tmpfs -o size=60m none disk; mv run disk/
        cd {ROOT}; go_on="$PYTHON -m scripts.train --run {tmp_path}/disk/run --resume"
        $go_on && exit 9 || test $? = 2
        ls -A {tmp_path}/disk/run/checkpoints
        mount -o remount,size=500m {tmp_path}/disk
        $go_on
        cp -r {tmp_path}/disk/run {tmp_path}/run
        """
    )
    assert done.returncode == 0, done.stderr
    assert "No space left on device" in done.stderr and "--resume" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [name for name in done.stdout.split() if name.startswith(".0")]
    assert Result.of(tmp_path / "run") == Result.of(whole)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, whole: Path) -> None:
    shutil.copytree(whole, tmp_path / "run")
    done = in_a_mount(
        f"""
        mount --bind {tmp_path}/run {tmp_path}/run; mount -o remount,ro,bind {tmp_path}/run
        $PYTHON -m scripts.train --run {tmp_path}/run --resume
        """
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(
        f"error: the run folder {tmp_path}/run can't be written: Read-only"
    )
    assert len(done.stderr.splitlines()) == 1


def damage(path: Path, chance: random.Random) -> None:
    """One bit turned, or the end cut off, or the whole file gone."""
    content = bytearray(path.read_bytes())
    where = chance.randrange(len(content))
    match chance.choice(["bit", "cut", "gone"]):
        case "bit":
            content[where] ^= 1 << chance.randrange(8)
            path.write_bytes(content)
        case "cut":
            path.write_bytes(content[:where])
        case "gone":
            path.unlink()


def damage_again_and_again(tmp_path: Path, whole: Path, times: int) -> int:
    """Every file of a checkpoint, so many times; each time the one before it is taken."""
    chance = random.Random(0)
    parent = tmp_path / "checkpoints"
    shutil.copytree(whole / "checkpoints", parent)
    newest = newest_checkpoint(parent)
    assert newest is not None
    faults = 0
    for path in sorted(newest.folder.iterdir()):
        before = path.read_bytes()
        for _ in range(times):
            damage(path, chance)
            with pytest.raises(DamagedError):
                read_checkpoint(newest.folder)
            faults += 1
            path.write_bytes(before)
        damage(path, chance)
        found = newest_checkpoint(parent)
        assert found is not None and found.step == newest.step - 1
        path.write_bytes(before)
    assert newest_checkpoint(parent) == newest
    return faults


def test_no_damaged_file_is_read(tmp_path: Path, whole: Path) -> None:
    damage_again_and_again(tmp_path, whole, 3)


@pytest.mark.slow
def test_no_damaged_file_is_read_however_it_was_damaged(tmp_path: Path, whole: Path) -> None:
    faults = damage_again_and_again(tmp_path, whole, FAULTS_OF_A_FILE)
    keep("make test ARGS='-m slow tests/training/test_storage.py'", storage_faults=faults)


def test_a_run_whose_newest_checkpoint_is_damaged_ends_as_it_would_have(
    tmp_path: Path, whole: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "run"
    newest = before_its_end(whole, folder)
    damage(newest / "model.safetensors", random.Random(1))
    with RunDir.resume(folder) as run:
        train(from_json(TrainConfig, run.config), run)
    assert f"passing over the checkpoint {newest}" in caplog.text
    assert Result.of(folder) == Result.of(whole)


def test_a_line_of_figures_that_is_damaged_is_named(
    tmp_path: Path, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    lines = (folder / "metrics.jsonl").read_bytes().split(b"\n")
    lines[1] = b"\xff" + lines[1]
    (folder / "metrics.jsonl").write_bytes(b"\n".join(lines))
    with pytest.raises(SystemExit) as left:
        main(["--run", str(folder), "--resume"])
    assert left.value.code == 2
    assert "metrics.jsonl is damaged in line 2" in capsys.readouterr().err


def test_a_damaged_checkpoint_is_not_played(
    tmp_path: Path, whole: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(whole, tmp_path / "run")
    newest = newest_model(tmp_path / "run")
    assert newest is not None
    damage(newest / "model.safetensors", random.Random(1))
    older = newest_model(tmp_path / "run")
    assert older is not None and older.name < newest.name
    assert f"passing over the checkpoint {newest}" in caplog.text


def test_a_run_takes_no_more_room_than_was_told(whole: Path) -> None:
    taken = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    needed = peak_bytes(CONFIG, load_model("nano").model, turn_limit=20)
    assert taken <= needed <= 3 * taken
    milestones = replace(CONFIG, keep_every=1)
    assert peak_bytes(milestones, load_model("nano").model, turn_limit=20) > needed


def test_milestones_stay(tmp_path: Path) -> None:
    config = replace(CONFIG, keep_every=2)
    with RunDir.create(tmp_path / "run", to_json(config)) as run:
        train(config, run)
    steps = sorted(path.name for path in (tmp_path / "run" / "checkpoints").glob("*-grpo-*"))
    assert [name.split("-")[-1] for name in steps if "grpo" in name][-3:] == ["2", "3", "4"]
    with pytest.raises(ValueError, match="keep_every must be a multiple of checkpoint_every"):
        replace(CONFIG, checkpoint_every=2, keep_every=3)
