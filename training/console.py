"""Progress on the console: a live panel on a terminal, one plain line a step anywhere else."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from envs.display import visible
from training.metrics import Record

FIGURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "success": ("success", lambda value: f"{100 * value:.1f} %"),
    "reward": ("reward", lambda value: f"{value:.2f}"),
    "loss": ("loss", lambda value: f"{value:.3f}"),
    "unreadable": ("format errors", lambda value: f"{100 * value:.1f} %"),
    "grad_norm": ("grad norm", lambda value: f"{value:.2f}"),
    "tokens_per_second": ("tokens/s", lambda value: f"{value:,.0f}"),
    "world_share": ("worlds", lambda value: f"{100 * value:.0f} %"),
}
"""What is shown of a record, in this order, where it is there: label and format."""

PANEL_SECONDS, LINE_SECONDS = 0.1, 10.0
"""The least time between two showings of a note's progress: in the panel, and in plain lines."""

_SPARKS = "▁▂▃▄▅▆▇█"


@dataclass(slots=True)
class _Stage:
    """What a stage has shown so far."""

    began: float
    first: int
    last: Record
    now: float
    success: list[float] = field(default_factory=list)

    @property
    def seconds_left(self) -> float | None:
        """Until its last step, at the pace so far."""
        if self.last.of is None:
            return None
        done = self.last.step + 1 - self.first
        return (self.now - self.began) / done * (self.last.of - self.last.step - 1)


@dataclass(frozen=True, slots=True)
class _Note:
    """What is under way, and how much of it is done where that is known."""

    text: str = ""
    done: int = 0
    of: int | None = None


class ConsoleSink:
    """Shows stage, step, figures, time left and alarms."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._stages: dict[str, _Stage] = {}
        self._note = _Note()
        self._noted = clock()
        self._live: Live | None = None
        if console.is_terminal:
            self._live = Live(console=console, auto_refresh=False)
            self._live.start()

    def show(self, record: Record) -> None:
        """Show a step."""
        now = self._clock()
        began = now - record.values.get("seconds", 0.0)  # preparations are no part of its pace
        stage = self._stages.setdefault(record.stage, _Stage(began, record.step, record, now))
        stage.last, stage.now = record, now
        if isinstance(record.values.get("success"), float):
            stage.success.append(record.values["success"])
        self._note = _Note()
        for alarm in record.values.get("alarms", ()):
            said = f"! {record.stage} {record.step}: {visible(alarm)}"
            self._console.print(Text(said, "bold red"))
        if self._live:
            self._live.update(self._panel(), refresh=True)
        else:
            self._console.print(Text(_line(stage)), soft_wrap=True)

    def note(self, text: str, done: int = 0, of: int | None = None) -> None:
        """Show what is under way: its beginning at once, its progress every now and then."""
        now = self._clock()
        if done and now - self._noted < (PANEL_SECONDS if self._live else LINE_SECONDS):
            return
        text = visible(text)
        self._note, self._noted = _Note(text, done, of), now
        if self._live:
            self._live.update(self._panel(), refresh=True)
        else:
            line = f"{text} · {done}/{of}" if done else text
            self._console.print(Text(line), soft_wrap=True)

    def say(self, text: str) -> None:
        """Print a line, above the panel where there is one."""
        self._console.print(Text(visible(text)), soft_wrap=True)

    def close(self) -> None:
        """Leave the last panel on the terminal."""
        if self._live:
            self._live.stop()

    def _panel(self) -> RenderableType:
        bars = Table.grid(padding=(0, 2))
        for name, stage in self._stages.items():
            if stage.last.of is not None:
                bars.add_row(
                    Text(_words(name), "bold"),
                    ProgressBar(stage.last.of, stage.last.step + 1, width=30),
                    f"{stage.last.step + 1}/{stage.last.of}",
                    _clock_time(stage.now - stage.began),
                    Text(_left(stage), "cyan"),
                )
        curves = Table.grid(padding=(0, 2))
        for name, stage in self._stages.items():
            if stage.success:
                curves.add_row(
                    Text(_words(name), "dim"),
                    Text(sparkline(stage.success[-40:]), "green"),
                    FIGURES["success"][1](stage.success[-1]),
                )
        newest = max(self._stages.values(), key=lambda stage: stage.now, default=None)
        figures = Text("   ".join(_figures(newest.last.values) if newest else ()))
        return Group(bars, figures, curves, _under_way(self._note))


def _under_way(note: _Note) -> RenderableType:
    if note.of is None:
        return Text(note.text, "dim")
    row = Table.grid(padding=(0, 2))
    bar = ProgressBar(note.of, note.done, width=30)
    row.add_row(Text(note.text, "dim"), bar, f"{note.done}/{note.of}")
    return row


def sparkline(values: Sequence[float]) -> str:
    """Shares, 0 to 1, as a row of bars.

    >>> sparkline([0.0, 0.5, 1.0])
    '▁▅█'
    """
    top = len(_SPARKS) - 1
    return "".join(_SPARKS[min(top, max(0, int(value * len(_SPARKS))))] for value in values)


def _line(stage: _Stage) -> str:
    """`grpo 17/40 · success 86.0 % · reward 1.02 · format errors 0.4 % · 3:20 left`."""
    last = stage.last
    step = f"{last.step + 1}/{last.of}" if last.of is not None else f"step {last.step}"
    parts = [f"{_words(last.stage)} {step}", *_figures(last.values), _left(stage)]
    return " · ".join(part for part in parts if part)


def _figures(values: Mapping[str, Any]) -> list[str]:
    return [
        f"{label} {write(values[name])}"
        for name, (label, write) in FIGURES.items()
        if isinstance(values.get(name), (int, float))
    ]


def _left(stage: _Stage) -> str:
    return f"{_clock_time(stage.seconds_left)} left" if stage.seconds_left else ""


def _clock_time(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _words(stage: str) -> str:
    return stage.replace("_", " ")
