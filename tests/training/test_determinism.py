"""The same seed is the same run, in any process; and what the environment keeps secret stays so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.test_killed import Result

ROOT = Path(__file__).parents[2]
OPTIONS = [
    *("--preset", "tiny", "--threads", "1", "--reply-mode", "answer"),
    *("--sampling.max-reply-tokens", "8", "--sampling.history", "0"),
    *("--cold.steps", "16", "--cold.episodes-per-step", "4", "--cold.learning-rate", "5e-3"),
    *("--evaluation.missions", "2", "--evaluation.validation-missions", "2"),
]
SECRETS = {
    "OPENAI_API_KEY": "sk-grounded-0123456789",
    "HF_TOKEN": "hf_grounded0123456789",
    "SOME_PASSWORD": "grounded-correct-horse",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs of one seed, each in a fresh process whose environment holds secrets."""
    parent = tmp_path_factory.mktemp("twice")
    folders = [parent / name for name in ("one", "other")]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "scripts.train", "--run", str(folder), *OPTIONS],
            cwd=ROOT,
            env=os.environ | SECRETS,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for folder in folders
    ]
    for folder, process in zip(folders, processes, strict=True):
        said, _ = process.communicate()
        assert process.returncode == 0, said
        (folder / "console.log").write_text(said)
    return folders


def test_two_fresh_processes_leave_the_same_behind(runs: list[Path]) -> None:
    one, other = (Result.of(folder) for folder in runs)
    assert one.episodes
    assert one == other


def test_no_secret_of_the_environment_is_in_what_a_run_leaves(runs: list[Path]) -> None:
    files = [path for path in runs[0].rglob("*") if path.is_file()]
    assert {"run.json", "console.log", "report.md", "metrics.jsonl"} <= {one.name for one in files}
    for path in files:
        content = path.read_bytes()
        for name, secret in SECRETS.items():
            assert secret.encode() not in content, f"{path.name} holds {name}"
