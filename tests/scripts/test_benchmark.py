"""The benchmark as a user meets it."""

import json
from pathlib import Path

import pytest

from scripts import benchmark
from tests.scripts.test_doors import refused

ARGS = ["--protocol", "axes", "--task", "goto-small", "--episodes", "1"]


def test_from_the_command_line_to_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    benchmark.main([*ARGS, "--policies", "reactive", "expert", "--json", "all.json"])
    folder = Path("benchmarks/axes-goto-small")
    report = (folder / "report.md").read_text()
    assert "| expert |" in report
    assert "Against reactive, mission by mission" in report
    assert (
        "Left out, for the task's level has no option or no room for it: held-out pairs" in report
    )
    assert (folder / "plots" / "success.png").stat().st_size > 10_000
    assert "data:image/png" in (folder / "report.html").read_text()
    assert json.loads(Path("all.json").read_text())["axes-goto-small"]["expert"]["as it is"]
    assert "The report is" in capsys.readouterr().out
    (folder / "report.md").unlink()
    benchmark.main([*ARGS, "--report-only"])
    assert (folder / "report.md").read_text() == report


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--protocol", "balrog"], "did you mean 'balrog-babyai'"),
        (["--policies", "expertt"], "did you mean 'expert'"),
        ([*ARGS[:3], "goto-smal"], "did you mean 'goto-small'"),
        (["--episodes", "-1"], "episodes must be 0 or more"),
        (["--report-only"], "play first"),
        (["--policies", "api:some-model"], "OPENAI_API_KEY"),
        (["--api.max-cost", "1"], "prices"),
    ],
)
def test_mistakes_are_told_before_anything_is_played(
    args: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert says in refused(benchmark.main, args, capsys)
    assert not list(Path().glob("benchmarks/*/*.*"))
