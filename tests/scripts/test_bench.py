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


def test_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bench.json"
    main(["engine", "--only", "nano_decode_8", "--rounds", "1", "--json", str(path)])
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].split() == ["ours", "peer", "ratio"]
    assert shown[2].split()[0] == "nano_decode_8"
    written = json.loads(path.read_text())
    row = written["rows"]["nano_decode_8"]
    assert row["ratio"] == row["ours"] / row["peer"]
    assert (row["unit"], row["rounds"]) == ("tokens/s", 1)
    assert {"processor", "threads", "torch", "precision"} <= set(written["machine"])


def test_an_unknown_world(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["env", "--worlds", "goto-smal"])
    assert caught.value.code == 2
    assert "did you mean 'goto-small'" in capsys.readouterr().err


def test_viewer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = ["--seconds", "1", "--size", "640", "420", "--starts", "0"]
    main(["viewer", *short, "--json", str(tmp_path / "v.json")])
    assert "from frame to frame" in capsys.readouterr().out
    seen = json.loads((tmp_path / "v.json").read_text())
    assert seen["frames"] > 1 and seen["tokens"] > 0
    assert 0 < seen["median_ms"] <= seen["p99_ms"]
    assert seen["frames_per_second"] == pytest.approx(seen["frames"], rel=0.3)
    assert seen["size"] == [640, 420]
    assert {"processor", "threads", "torch"} <= set(seen["machine"])
