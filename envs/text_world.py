"""What every world has in common: text in, text out, and a status that says how it stands."""

from abc import abstractmethod
from enum import StrEnum
from typing import Any, ClassVar

import gymnasium
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Text

Info = dict[str, Any]


class EpisodeStatus(StrEnum):
    """How an episode stands, or how it ended. Reward alone never says so."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    TRUNCATED = "truncated"


class AnyText(Text):
    """Any string up to a length, the empty one too.

    `gymnasium.spaces.Text` lists its characters and looks each one up; over all of Unicode that
    takes seconds. Here a string is legal by its length alone, and samples are plain letters.
    """

    def __init__(self, max_length: int = 1 << 20) -> None:
        super().__init__(max_length=max_length, min_length=0)

    def contains(self, x: object) -> bool:
        """Whether `x` is a string of a legal length."""
        return isinstance(x, str) and len(x) <= self.max_length

    def sample(self, *args: Any, **kwargs: Any) -> str:
        """A short string of letters and digits."""
        short = Text(max_length=12, min_length=0, seed=self.np_random)
        return str(short.sample(*args, **kwargs))


class TextWorld(gymnasium.Env[str, str]):
    """A world whose observations and actions are text.

    `reset` and `step` return an `info` with the same keys in every world:

    ==============  ===================================================================
    `status`        an `EpisodeStatus`
    `mission`       the instruction of the episode
    `turn`          turns taken so far
    `turns_left`    turns until the episode is truncated
    `readable`      whether the last action could be read (True after a reset)
    `actions`       the accepted action words, which a prompt should list
    `truth`         the true state in plain Python; never shown to a policy
    ==============  ===================================================================
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": ["rgb_array"],
        "render_fps": 4,
        "can_succeed": True,  # False where no episode can end well, which makes the world no task
    }

    name: str
    """The id this world was made from."""
    mission: str
    """The instruction of the episode; empty before the first reset."""
    status: EpisodeStatus | None
    """How the episode stands; None before the first reset."""
    turn: int
    """Turns taken so far."""
    turn_limit: int
    """Turns after which the episode is truncated."""
    reward_range: tuple[float, float] = (-1.0, 1.0)
    """The least and the most that a turn pays. What lies outside is a mistake of the world's, and
    nothing is learned from it."""

    @property
    @abstractmethod
    def action_words(self) -> tuple[str, ...]:
        """The action words a prompt should list; empty when any text is an answer."""

    @abstractmethod
    def truth(self) -> dict[str, Any]:
        """The true state in plain Python, for `info["truth"]`."""

    def _info(self, *, readable: bool) -> Info:
        """What `reset` and `step` return beside the rest."""
        return {
            "status": self.status,
            "mission": self.mission,
            "turn": self.turn,
            "turns_left": self.turn_limit - self.turn,
            "readable": readable,
            "actions": self.action_words,
            "truth": self.truth(),
        }

    def refuse_unless_running(self) -> None:
        """Raise gymnasium's `ResetNeeded` where there is no episode to take a step in."""
        if self.status is not EpisodeStatus.RUNNING:
            state = "no episode has begun" if self.status is None else f"ended in {self.status}"
            raise ResetNeeded(f"{state}: call reset before step.")

    @property
    def guesses(self) -> tuple[str, ...]:
        """What one who knows nothing would choose among."""
        return self.action_words

    def can_read(self, action: str) -> bool:
        """Whether `action` would be acted on."""
        return action in self.action_words if self.action_words else bool(action)
