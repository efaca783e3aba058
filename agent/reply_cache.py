"""Replies that were paid for, kept on disk: what was answered once is never bought again."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_PATIENCE = 60.0
"""Seconds to wait while another process writes."""


def key_of(question: Any) -> str:
    """The key of a question, made of JSON values: equal questions have equal keys.

    >>> key_of({"model": "m", "turn": 0}) == key_of({"turn": 0, "model": "m"})
    True
    """
    canonical = json.dumps(question, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class ReplyCache:
    """JSON objects by key, in one SQLite file that threads and processes may share.

    Each call opens the file anew, which takes no time beside a request, and what `put` has
    returned from survives a kill.
    """

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: the file; made where there is none, its folder too.

        Raises:
            ValueError: if the file is damaged or no such file, or cannot be written.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
            )

    def get(self, key: str) -> dict[str, Any] | None:
        """What was put under this key; None where nothing was.

        Raises:
            ValueError: if the file is damaged or cannot be read.
        """
        with self._open() as database:
            found = database.execute("SELECT value FROM replies WHERE key = ?", (key,)).fetchone()
        if found is None:
            return None
        try:
            value = json.loads(found[0])
        except (ValueError, TypeError, RecursionError) as error:
            raise self.damaged(error) from error
        if not isinstance(value, dict):
            raise self.damaged("an entry is no JSON object")
        return value

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Keep a value. Where there is one of this key, the first stays.

        Raises:
            ValueError: if the file is damaged or cannot be written.
        """
        with self._open() as database:
            database.execute(
                "INSERT OR IGNORE INTO replies VALUES (?, ?)", (key, json.dumps(value))
            )

    def damaged(self, reason: object) -> ValueError:
        """The error for a file that does not hold what was put there."""
        return ValueError(
            f"the file of replies {self.path} is damaged ({reason}): put back a copy of it, or "
            "move it away and pay for its replies again"
        )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection in which every statement is a transaction of its own."""
        try:
            with closing(
                sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
            ) as database:
                yield database
        except sqlite3.OperationalError as error:
            raise ValueError(f"the file of replies {self.path} cannot be used: {error}") from error
        except sqlite3.DatabaseError as error:
            raise self.damaged(error) from error
