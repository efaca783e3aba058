"""Doors to the project: each parses its arguments, calls, and prints."""

import sys
from types import TracebackType

_shown = sys.excepthook


def _say_stopped(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """Ctrl-C before a script has begun, while it imports, is no mistake to trace."""
    if issubclass(kind, KeyboardInterrupt):
        print("stopped.", file=sys.stderr)
    else:
        _shown(kind, error, at)


sys.excepthook = _say_stopped
