"""Episodes that have been kept, to be seen again: those of a run, as it goes on, or of a file."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from agent.types import Episode, EpisodeStatus, ReplyStatus, Start, Turn
from training.advantages import group_advantages
from training.metrics import read_lines_behind


@dataclass(frozen=True, slots=True)
class Kept:
    """An episode, and where in a run it was played."""

    episode: Episode
    stage: str = ""
    step: int = 0
    group: int = 0

    @property
    def place(self) -> str:
        """In a few words."""
        return f"{self.stage} step {self.step}, group {self.group}" if self.stage else ""


def episode_lines(path: Path) -> Path:
    """The file of episodes in a run folder, or the file itself.

    Raises:
        ValueError: if there is none.
    """
    file = path / "episodes.jsonl" if path.is_dir() else path
    if not file.is_file():
        raise ValueError(f"there are no episodes in {path}: they are kept as GRPO plays them")
    return file


class Episodes:
    """The episodes of a run or a file that grows; what has been read is not read again."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            ValueError: if there is no such file.
        """
        self._file = episode_lines(path)
        self._offset = 0
        self._kept: list[Kept] = []

    def read(self) -> list[Kept]:
        """Every episode that is whole by now; one still being written is left out.

        Raises:
            ValueError: for a file that is damaged, or holds none.
        """
        if self._file.exists() and self._file.stat().st_size < self._offset:
            self._offset, self._kept = 0, []  # a run that was cut back, and goes on
        lines, self._offset = read_lines_behind(self._file, self._offset)
        try:
            self._kept += [kept_episode(line) for line in lines]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{self._file} holds something that is no episode: {error!r}"
            ) from error
        if not self._kept:
            raise ValueError(f"{self._file} holds no whole episode yet")
        return self._kept


def facts_of(one: Kept, all_kept: list[Kept]) -> tuple[tuple[str, str], ...]:
    """The spread of its group's returns, and its own against them, as GRPO compares them."""
    where = (one.stage, one.step, one.group)
    group = [other for other in all_kept if (other.stage, other.step, other.group) == where]
    if not one.stage or len(group) < 2:
        return ()
    returns = np.array([[other.episode.episode_return for other in group]])
    mine = next(place for place, other in enumerate(group) if other is one)
    advantage = group_advantages(returns).values[0, mine]
    won = sum(other.episode.success for other in group)
    return (
        ("group", f"{won} of {len(group)} succeed"),
        ("spread", f"{returns.std():.2f}"),
        ("advantage", f"{advantage:+.2f}"),
    )


def kept_episode(line: Mapping[str, Any]) -> Kept:
    """The episode of a line; KeyError, TypeError or ValueError where it is none."""
    names = {field.name for field in fields(Turn)}
    turns = tuple(
        Turn(
            **{name: value for name, value in turn.items() if name in names}
            | {
                "status": ReplyStatus(turn["status"]),
                "prompt_ids": tuple(turn["prompt_ids"]),
                "reply_ids": tuple(turn["reply_ids"]),
                "log_probs": tuple(turn["log_probs"]),
            }
        )
        for turn in line["turns"]
    )
    episode = Episode(
        Start(line["start"]["task"], line["start"]["seed"]),
        line["member"],
        line["mission"],
        turns,
        EpisodeStatus(line["status"]),
        line["turn_limit"],
    )
    return Kept(episode, line.get("stage", ""), line.get("step", 0), line.get("group", 0))
