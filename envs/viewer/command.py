"""What a person at the window wants."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One wish: a key, a click, or something typed."""

    name: str
    """one of `envs.viewer.window.KEYS`, or `turn`; while a line is typed `type`, `delete`, `enter`,
    `complete` or `arrow`"""
    turn: int = 0
    panel: int = 0
    text: str = ""
