"""What a person at the window wants."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One wish: a key, a click, or something typed."""

    name: str
    """one of `envs.viewer.window.KEYS`, `turn`, `choose` or `scroll`; while a line is typed
    `type`, `delete`, `enter`, `complete` or `arrow`"""
    turn: int = 0
    panel: int | None = None
    """None: the one that is chosen"""
    steps: int = 0
    """lines to scroll on"""
    text: str = ""
