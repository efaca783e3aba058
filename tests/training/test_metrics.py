"""Records as lines, on TensorBoard and on the console."""

import io
import math
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.console import ConsoleSink
from training.metrics import Record, TensorBoardSink, append_line, read_lines

STEP = Record(
    "grpo", 16, {"success": 0.86, "unreadable": 0.004, "tokens_per_second": 5210.4}, of=40
)


def test_records_come_back_from_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    append_line(path, STEP.line())
    append_line(path, Record("validation", 3, {"kinds": {"repeated": 2}, "ratio": None}).line())
    first, second = read_lines(path)
    assert Record.of_line(first) == STEP
    assert second == {"stage": "validation", "step": 3, "kinds": {"repeated": 2}, "ratio": None}


def test_a_line_still_being_written_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    append_line(path, STEP.line())
    with path.open("a") as file:
        file.write('{"stage": "gr')
    assert len(read_lines(path)) == 1
    assert read_lines(tmp_path / "nothing") == []


def test_numbers_that_json_cannot_write_are_kept_as_text(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    append_line(path, {"loss": math.nan, "nested": {"norm": [math.inf, -math.inf, 1.0]}})
    assert read_lines(path) == [{"loss": "nan", "nested": {"norm": ["inf", "-inf", 1.0]}}]


def test_tensorboard_gets_every_number(tmp_path: Path) -> None:
    sink = TensorBoardSink(tmp_path)
    sink.show(Record("grpo", 2, {"success": 0.5, "kinds": {"repeated": 3}, "note": "text"}))
    sink.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert sorted(events.Tags()["scalars"]) == ["grpo/kinds/repeated", "grpo/success"]
    (point,) = events.Scalars("grpo/success")
    assert (point.step, point.value) == (2, 0.5)


class Clock:
    """Ten seconds pass at every look."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 10.0
        return self.now


def test_without_a_terminal_each_step_is_one_plain_line() -> None:
    out = io.StringIO()
    sink = ConsoleSink(Console(file=out, width=20), Clock())
    sink.show(Record("grpo", 15, {"success": 0.5, "seconds": 10.0}, of=40))
    sink.show(STEP)
    sink.note("playing [bold]512[/bold] missions")
    sink.close()
    assert out.getvalue().splitlines() == [
        "grpo 16/40 · success 50.0 % · 4:00 left",
        "grpo 17/40 · success 86.0 % · format errors 0.4 % · tokens/s 5,210 · 3:50 left",
        "playing [bold]512[/bold] missions",
    ]


def test_a_stage_is_not_charged_for_what_came_before_it() -> None:
    out, clock = io.StringIO(), iter([0.0, 900.0, 1800.0])
    sink = ConsoleSink(Console(file=out), lambda: next(clock))
    sink.note("playing demonstrations")
    sink.show(Record("cold_start", 0, {"seconds": 10.0}, of=3))
    assert out.getvalue().splitlines()[-1] == "cold start 1/3 · 0:20 left"


def test_a_notes_progress_is_shown_now_and_then() -> None:
    out, hurried = io.StringIO(), iter([0.0, 0.0, 4.0, 11.0, 12.0, 30.0])
    sink = ConsoleSink(Console(file=out), lambda: next(hurried))
    for done in range(5):
        sink.note("measuring", done, 4)
    assert out.getvalue().splitlines() == ["measuring", "measuring · 2/4", "measuring · 4/4"]


def test_on_a_terminal_a_panel_is_drawn_and_alarms_stay() -> None:
    out = io.StringIO()
    sink = ConsoleSink(Console(file=out, width=100, force_terminal=True), Clock())
    sink.show(replace(STEP, values={**STEP.values, "seconds": 10.0}))
    sink.show(Record("validation", 17, {"success": 0.9, "alarms": ["gradient norm jumped"]}))
    sink.note("measuring", 128, 512)
    sink.close()
    shown = out.getvalue()
    for text in (
        "128/512",
        "17/40",
        "3:50 left",
        "86.0 %",
        "validation",
        "! validation 17: gradient norm",
    ):
        assert text in shown
