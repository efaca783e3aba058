"""What every script shares: options from a dataclass, mistakes in one sentence."""

import errno
import logging
import re
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import tyro

from envs.display import visible
from training import run_dir
from training.interrupt import handling

T = TypeVar("T")

USER_MISTAKE, INTERRUPTED = 2, 130
"""Exit codes; 130 is what a shell reports of a program stopped by Ctrl-C."""


def options(
    kind: type[T], script: str, args: Sequence[str], description: str, default: T | None = None
) -> T:
    """The command line read into a dataclass; `--help` is its docstrings, examples line by line."""
    read = partial(tyro.cli, kind) if default is None else partial(tyro.cli, kind, default=default)
    return read(
        prog=f"python -m scripts.{script}",
        args=list(args),
        description=re.sub(r"\n+(?=python -m)", "\n\n", description),
        config=(tyro.conf.EnumChoicesFromValues,),
    )


@contextmanager
def friendly(on_interrupt: str = "") -> Iterator[None]:
    """Turn what a user can mend into one sentence and an exit code; bugs keep their traceback.

    Being told to end (SIGTERM) is taken as Ctrl-C is.
    """
    logging.basicConfig(level=logging.WARNING, handlers=[_Shown()])
    sys.excepthook = _show_bug
    try:
        with handling(signal.default_int_handler):
            yield
    except KeyboardInterrupt:
        _leave(f"stopped. {on_interrupt}".strip(), INTERRUPTED)
    except ValueError as error:
        _leave(f"error: {error}", USER_MISTAKE)
    except MemoryError as error:
        reason = str(error).splitlines()[0] if str(error) else "no more can be had"
        _leave(f"error: out of memory, with one row at a time: {reason}", USER_MISTAKE)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        reason = {
            errno.ENOSPC: "the disk is full; make room and go on with --resume",
            errno.EROFS: "the folder cannot be written; choose another with --run",
            errno.EACCES: "permission was refused; choose another folder",
        }.get(error.errno or 0, error.strerror or str(error))
        _leave(f"error: {reason}{where}", USER_MISTAKE)


def write_json(path: Path | None, value: Any) -> None:
    """Write a script's result where `--json` asked for it."""
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        run_dir.write_json(path, value)


class _Shown(logging.StreamHandler):
    """Warnings on the terminal. They may quote what a stranger wrote."""

    def format(self, record: logging.LogRecord) -> str:
        """The message alone, fit to be shown."""
        return shown(record.getMessage())


MOST_LINES = 40


def shown(message: str) -> str:
    """A message of one or several lines, each fit to be shown, and no more than are read."""
    return "\n".join(visible(line) for line in message.split("\n")[:MOST_LINES])


def _show_bug(*error: Any) -> None:
    """A traceback, which may quote what a stranger wrote."""
    for line in "".join(traceback.format_exception(*error)).split("\n"):
        print(visible(line), file=sys.stderr)


def _leave(message: str, code: int) -> None:
    print(shown(message), file=sys.stderr)
    raise SystemExit(code)
