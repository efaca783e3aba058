"""What the window shows at one moment, as frames, strings and numbers."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np


class Verdict(Enum):
    """What the world says to a claim."""

    TRUE = "true"
    FALSE = "false"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a thought, as text."""

    text: str
    probability: float | None = None
    """with which it was drawn; None where nobody drew it"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a thought, and whether it holds."""

    text: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Tick:
    """A turn on the timeline."""

    readable: bool = True
    reward: float = 0.0
    slip: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """The world from above. Each is equal to itself alone."""

    pixels: np.ndarray
    """uint8 `[height, width, 3]`"""
    cells: tuple[int, int] = (0, 0)
    """its width and height in cells; zeros where it has none"""
    path: tuple[tuple[int, int], ...] = ()
    """cells that the body has been in, oldest first, where it is now last"""
    touched: tuple[int, int] | None = None
    """the cell that was bumped into or acted on in the turn before"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One policy's episode at one turn. Two of them stand side by side."""

    policy: str
    mission: str = ""
    turn: int = 0
    """which one is shown, counted from 0"""
    turn_limit: int = 0
    picture: Picture | None = None
    observation: str = ""
    thought: tuple[Token, ...] = ()
    thinking: bool = False
    """whether more tokens are to come"""
    claims: tuple[Claim, ...] = ()
    action: str = ""
    trouble: str = ""
    """why the reply could not be read"""
    choices: tuple[tuple[str, float], ...] = ()
    """each action with its probability after the thought"""
    reward: float | None = None
    """of this turn; None before it has been paid"""
    episode_return: float = 0.0
    outcome: str = ""
    """how the episode ended; empty while it goes on"""
    timeline: tuple[Tick, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    """more figures: name and value"""
    blind: bool = False
    """whether the picture is hidden, so that a person sees what a model sees"""
    chosen: bool = False
    """whether it is the one of two that keys speak to"""


@dataclass(frozen=True, slots=True)
class Typing:
    """A line of text that is being typed."""

    title: str
    text: str
    hint: str = ""
    caret: int = -1
    """how many characters are before the caret; below 0: all of them"""

    @property
    def place(self) -> int:
        """How many characters are before the caret."""
        return self.caret if 0 <= self.caret < len(self.text) else len(self.text)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text of any length, to be read."""

    title: str
    text: str
    begins: int = 0
    """the character that is in the first line in sight, as far as there is enough to follow it"""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the window shows."""

    title: str
    """task and seed"""
    panels: tuple[Panel, ...]
    playing: bool = True
    speed: str = "1x"
    recording: bool = False
    status: str = ""
    """what has just happened, in a few words"""
    typing: Typing | None = None
    reading: Reading | None = None
    help: bool = False
    buttons: tuple[tuple[str, str], ...] = field(default=())
    """(command, label) of each, in order"""
