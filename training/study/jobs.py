"""The runs of a study as jobs: what is done, what can be done now, and doing it.

A job is a run folder. It is created when the runs that it needs are done, and gone on with by the
ordinary training script in a process of its own, so that a kill costs what a killed run costs.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from training.config import TrainConfig, to_json
from training.run_dir import RunDir, read_evaluation
from training.study.arms import Arm, Place, arm
from training.train import settled


class State(StrEnum):
    """How a job stands."""

    DONE = "done"
    BEGUN = "begun"
    READY = "ready"
    WAITING = "waiting for another arm"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """An arm with a seed."""

    arm: Arm
    seed: int
    place: Place

    @property
    def folder(self) -> Path:
        """Its run."""
        return self.place.run(self.arm.name, self.seed)

    @property
    def log(self) -> Path:
        """What its process said."""
        return self.place.folder / "logs" / f"{self.folder.name}.log"

    @property
    def done(self) -> bool:
        """Whether its mind has been measured at the end."""
        return self.arm.stage in read_evaluation(self.folder)

    def state(self) -> State:
        """How it stands."""
        if self.done:
            return State.DONE
        needed = [Job(arm(name), self.seed, self.place) for name in self.arm.after]
        if not all(job.done for job in needed):
            return State.WAITING
        return State.BEGUN if (self.folder / "run.json").exists() else State.READY

    def create(self, base: TrainConfig) -> None:
        """Make its run folder, unless it is there.

        Raises:
            ValueError: if what it needs is not there yet.
        """
        if (self.folder / "run.json").exists():
            return
        config = self.arm.configure(replace(base, seed=self.seed), self.place)
        with RunDir.create(self.folder, to_json(settled(config))):
            pass


def jobs(arms: Sequence[str], seeds: Sequence[int], place: Place) -> list[Job]:
    """The jobs of some arms and all that those need, in an order in which they can be done.

    Raises:
        ValueError: for an unknown arm.
    """
    wanted: list[str] = []

    def want(name: str) -> None:
        for needed in arm(name).after:
            want(needed)
        if name not in wanted:
            wanted.append(name)

    for name in arms:
        want(name)
    return [Job(arm(name), seed, place) for seed in seeds for name in wanted]


def begin(job: Job, base: TrainConfig, threads: int) -> "subprocess.Popen[bytes]":
    """A process that does a job, or goes on with it."""
    job.create(base)
    job.log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "scripts.train", "--run", str(job.folder), "--resume"]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    with job.log.open("a", encoding="utf-8") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


Start = Callable[[Job], Callable[[], int | None]]
"""Begins a job, and returns a question: its exit code, or None while it goes on."""


def run_all(
    every: Sequence[Job],
    start: Start,
    workers: int,
    on_change: Callable[[dict[str, State]], object] = lambda states: None,
    pause: float = 1.0,
) -> dict[str, State]:
    """Do all jobs, as many at once as there are workers; what depends on a failed one is left.

    Args:
        every: jobs.
        start: begins one.
        workers: how many at once.
        on_change: told of how all stand, whenever that has changed.
        pause: seconds between looks.

    Returns:
        how each job stands at the end, by the name of its run.
    """
    running: dict[str, Callable[[], int | None]] = {}
    failed: set[str] = set()
    told: dict[str, State] = {}
    while True:
        for name, ask in [*running.items()]:
            if (code := ask()) is not None:
                del running[name]
                failed |= {name} if code else set()
        states = {job.folder.name: job.state() for job in every}
        states |= dict.fromkeys(running, State.BEGUN) | dict.fromkeys(failed, State.FAILED)
        ready = [
            job
            for job in every
            if states[job.folder.name] in (State.READY, State.BEGUN)
            and job.folder.name not in running
        ]
        for job in ready[: workers - len(running)]:
            running[job.folder.name] = start(job)
            states[job.folder.name] = State.BEGUN
        if states != told:
            on_change(states)
            told = states
        if not running:
            return states
        time.sleep(pause)


def progress(states: Mapping[str, State]) -> str:
    """How far a study is, in a line.

    >>> progress({"cold-0": State.DONE, "grounded-0": State.BEGUN, "yoked-0": State.WAITING})
    '1 of 3 runs are done; under way: grounded-0'
    """
    done = sum(state is State.DONE for state in states.values())
    begun = ", ".join(name for name, state in states.items() if state is State.BEGUN)
    return f"{done} of {len(states)} runs are done; under way: {begun or 'none'}"


def in_processes(base: TrainConfig, threads: int) -> Start:
    """Jobs in processes of this machine."""

    return lambda job: begin(job, base, threads).poll


def _whole(job: Job, base: TrainConfig, threads: int) -> int:
    return begin(job, base, threads).wait()


def on_ray(base: TrainConfig, threads: int) -> Start:
    """Jobs on a Ray cluster whose machines share the study's folder.

    Raises:
        ValueError: if Ray is not installed.
    """
    try:
        import ray
    except ImportError:
        raise ValueError("Ray is not installed: pip install ray, or leave --ray out") from None
    ray.init(ignore_reinit_error=True, log_to_driver=False)
    remote = ray.remote(num_cpus=threads)(_whole)

    def start(job: Job) -> Callable[[], int | None]:
        future = remote.remote(job, base, threads)

        def ask() -> int | None:
            ready, _ = ray.wait([future], timeout=0)
            try:
                return ray.get(future) if ready else None
            except ray.exceptions.RayError:  # its machine was lost, more often than Ray tries
                return 1

        return ask

    return start
