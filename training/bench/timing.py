"""Timing two ways of doing the same, fairly: in turns, in one process, medians told."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

import torch

HEADER = f"{'':28} {'ours':>9} {'peer':>9} {'ratio':>6}"
PACKAGES = "torch", "transformers", "numpy"


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement needs to know."""

    rounds: int = 5
    device: str = "cpu"
    precision: str = "bf16"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of a benchmark's table: our way and another's."""

    name: str
    ours: float
    peer: float
    unit: str
    rounds: int
    note: str = ""
    """what the two are"""

    @property
    def ratio(self) -> float:
        """Ours over the peer's: above 1 is better where the unit is a rate."""
        return self.ours / self.peer

    def __str__(self) -> str:
        """A line under `HEADER`."""
        figures = f"{self.ours:9,.4g} {self.peer:9,.4g} {self.ratio:6.2f}"
        return f"{self.name:28} {figures} {self.unit}: {self.note}"


def alternate(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each way.

    A machine that grows slower meanwhile, or does other work, changes all ways alike. A first round
    warms up and does not count.

    Args:
        ways: what to time; one that gives a float says how many seconds it took.
        rounds: how often.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, got {rounds}")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            began = perf_counter()
            told = way()
            seconds[name].append(told if isinstance(told, float) else perf_counter() - began)
    return {name: median(each[1:]) for name, each in seconds.items()}


def compare(
    name: str,
    amount: float,
    unit: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    rounds: int,
    note: str,
) -> Comparison:
    """How much of some work both ways get done in a second; `amount` is what each call does."""
    seconds = alternate({"ours": ours, "peer": peer}, rounds)
    rates = {way: amount / taken for way, taken in seconds.items()}
    return Comparison(name, rates["ours"], rates["peer"], unit, rounds, note)


def wait(bench: Bench) -> None:
    """Until a GPU has done what it was told."""
    if bench.device == "cuda":
        torch.cuda.synchronize()


def machine(device: str) -> dict[str, str | int]:
    """What a figure was measured on."""
    about: dict[str, str | int] = {
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "python": platform.python_version(),
    }
    return about | {name: version(name) for name in PACKAGES}


def _processor() -> str:
    """Its name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
