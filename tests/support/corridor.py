"""A tiny text world for tests: walk right to the goal. No MiniGrid, no images, microseconds."""

from typing import Any

from envs.text_world import AnyText, EpisodeStatus, Info, TextWorld


class Corridor(TextWorld):
    """Cells in a row; the goal lies `seed % 3 + 1` steps to the right of the start.

    Going left of the start is a failure.
    """

    def __init__(self, name: str = "corridor", turn_limit: int = 6) -> None:
        self.name = name
        self.turn_limit = turn_limit
        self.mission = ""
        self.observation_space = AnyText()
        self.action_space = AnyText()
        self._left = self.turn = 0

    @property
    def action_words(self) -> tuple[str, ...]:
        return ("left", "right")

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[str, Info]:
        super().reset(seed=seed)
        self.mission = "go to the goal"
        self._left, self.turn = (seed or 0) % 3 + 1, 0
        self._distance = self._left
        self.status = EpisodeStatus.RUNNING
        return self._see(), self._info(readable=True)

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:
        readable = self.can_read(action)
        self.turn += 1
        if readable:
            self._left += -1 if action == "right" else 1
        status = EpisodeStatus.RUNNING
        if self._left == 0:
            status = EpisodeStatus.SUCCESS
        elif self._left > self._distance:
            status = EpisodeStatus.FAILURE
        elif self.turn == self.turn_limit:
            status = EpisodeStatus.TRUNCATED
        ended = status in (EpisodeStatus.SUCCESS, EpisodeStatus.FAILURE)
        reward = float(status is EpisodeStatus.SUCCESS)
        self.status = status
        info = self._info(readable=readable)
        return self._see(), reward, ended, status is EpisodeStatus.TRUNCATED, info

    def _see(self) -> str:
        return f"You see the goal {self._left} right."

    def truth(self) -> dict[str, Any]:
        return {"left": self._left}
