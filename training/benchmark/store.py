"""What a benchmark has played, on disk: a folder that outlives any interruption.

::

    episodes/NAME.json    who played, and how: written once
    episodes/NAME.jsonl   one line for each episode, as it ends
    episodes/NAME.failed  why it could not go on, where it could not
    report.md, report.html, plots/, result.json    made from them, again and again
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent.types import Episode, EpisodeStatus, ReplyStatus
from training.benchmark.protocols import VERSION
from training.metrics import append_line, read_lines_behind
from training.run_dir import write_json

NO_MATTER = {"command", "commit", "started", "order"}
"""What may differ where play goes on."""


@dataclass(frozen=True, slots=True)
class Played:
    """One episode of a contestant, in figures."""

    trial: str
    seed: int
    success: bool
    turns: int
    tokens: int
    """that it wrote"""
    tokens_read: int
    """that were given to it, each counted once"""
    seconds: float
    """its share of the time in which it was played"""
    unreadable: Mapping[str, int]
    """replies that could not be read, by `ReplyStatus`"""


class Sheet:
    """What one contestant has played in one protocol."""

    def __init__(self, folder: Path, slug: str) -> None:
        self._about = folder / "episodes" / f"{slug}.json"
        self._lines = self._about.with_suffix(".jsonl")
        self._failed = self._about.with_suffix(".failed")

    def check(self, about: Mapping[str, Any]) -> None:
        """
        Raises:
            ValueError: if what was played so far was played otherwise.
        """
        if not self.begun:
            return
        before = self.about()
        for name in sorted((before.keys() | about.keys()) - NO_MATTER - {"version"}):
            if before.get(name) != about.get(name):
                raise ValueError(
                    f"{self._about} was played with {name} {before.get(name)!r}, and this is "
                    f"{about.get(name)!r}: ask for the same, or take another --folder."
                )

    def open(self, about: Mapping[str, Any]) -> None:
        """Begin, or go on: a last line that was cut off goes."""
        self._about.parent.mkdir(parents=True, exist_ok=True)
        if not self.begun:
            orders = [sheet.about()["order"] for _, sheet in sheets(self._about.parent.parent)]
            place = {"version": VERSION, "order": 1 + max(orders, default=-1)}
            write_json(self._about, place | dict(about))
        self._failed.unlink(missing_ok=True)
        if self._lines.exists():
            _, whole = read_lines_behind(self._lines, 0)
            with self._lines.open("r+b") as file:
                file.truncate(whole)

    @property
    def begun(self) -> bool:
        """Whether anything was played."""
        return self._lines.is_file() and self._lines.stat().st_size > 0

    def about(self) -> dict[str, Any]:
        """Who plays, and how.

        Raises:
            ValueError: if another version wrote it.
        """
        about = json.loads(self._about.read_text())
        if about.get("version") != VERSION:
            raise ValueError(
                f"{self._about} is of version {about.get('version')} of the protocols, and this is "
                f"version {VERSION}: they cannot stand in one table. Take another --folder."
            )
        return dict(about)

    def add(self, episode: Episode, seconds: float, tokens: tuple[int, int]) -> None:
        """Keep an episode that has ended.

        Args:
            episode: without its token ids, which nobody needs again.
            seconds: its share of the time.
            tokens: that it read and wrote.
        """
        read, wrote = tokens
        line = asdict(episode)
        for turn in line["turns"]:
            turn |= {"prompt_ids": (), "reply_ids": (), "log_probs": ()}
        figures = {"seconds": round(seconds, 4), "tokens_read": read, "tokens": wrote}
        append_line(self._lines, figures | line)

    def fail(self, reason: str) -> None:
        """Keep why it could not go on; there may be several reasons, of several parts."""
        if reason not in self.failure:
            with self._failed.open("a") as file:
                file.write(reason + "\n")

    @property
    def failure(self) -> str:
        """Why it could not go on; empty where it could."""
        return self._failed.read_text().strip() if self._failed.is_file() else ""

    def played(self) -> list[Played]:
        """Every whole episode once, in the order in which they ended.

        Raises:
            ValueError: if the file is damaged.
        """
        lines, _ = read_lines_behind(self._lines, 0)
        try:
            every = [_played(line) for line in lines]
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{self._lines} holds something that is no episode: {error!r}"
            ) from error
        return list({(one.trial, one.seed): one for one in reversed(every)}.values())[::-1]


def sheets(folder: Path) -> Iterator[tuple[str, Sheet]]:
    """Every sheet of a benchmark's folder, with its slug."""
    for path in sorted((folder / "episodes").glob("*.json")):
        yield path.stem, Sheet(folder, path.stem)


def _played(line: Mapping[str, Any]) -> Played:
    statuses = Counter(turn["status"] for turn in line["turns"])
    del statuses[ReplyStatus.OK.value]
    return Played(
        line["start"]["task"],
        line["start"]["seed"],
        line["status"] == EpisodeStatus.SUCCESS.value,
        len(line["turns"]),
        line["tokens"],
        line["tokens_read"],
        line["seconds"],
        statuses,
    )
