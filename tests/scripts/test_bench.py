"""The benchmark from the command line."""

import json
from pathlib import Path

import pytest

from scripts.bench import main

ONE_ROUND = ["--rounds", "1", "--steps", "3"]


def test_env(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "new" / "env.json"
    main(["env", "--worlds", "goto-small", "empty", *ONE_ROUND, "--json", str(path)])
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown] == ["microseconds", "goto-small", "empty"]
    written = json.loads(path.read_text())
    assert [row["world"] for row in written] == ["goto-small", "empty"]
    for row in written:
        assert row["step_ratio"] == row["text_step_us"] / row["raw_step_us"]


def test_an_unknown_world(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["env", "--worlds", "goto-smal"])
    assert caught.value.code == 2
    assert "did you mean 'goto-small'" in capsys.readouterr().err
