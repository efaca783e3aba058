"""The tasks of reasoning-gym as worlds of one turn.

Source: Stojanovski et al. 2025, https://arxiv.org/abs/2505.24760. It is an optional extra.
"""

import warnings
from typing import Any

from envs.errors import unknown
from envs.questions.one_turn import OneTurnWorld

PREFIX = "reasoning-gym/"
"""Before the name of one of its tasks."""

MISSION = "Answer the question."


def names() -> list[str]:
    """Its tasks, but for the one that only mixes others.

    Raises:
        ValueError: if reasoning-gym is not installed.
    """
    return sorted({*_library().factory.DATASETS} - {"composite"})


def _library() -> Any:
    try:
        with warnings.catch_warnings():  # a package that it needs compares with literals
            warnings.simplefilter("ignore", SyntaxWarning)
            import reasoning_gym
    except ImportError:
        raise ValueError(
            "reasoning-gym is not installed: pip install reasoning-gym, or choose other tasks"
        ) from None
    return reasoning_gym


class ReasoningGymWorld(OneTurnWorld):
    """Asks a question of one of reasoning-gym's tasks in each episode.

    Its seed is the question's own: item i of a data set is drawn with seed + i there, so that two
    neighbouring seeds would share all questions but one, and here each draws a single one.
    """

    def __init__(self, name: str, *, render_mode: str | None = None, **config: Any) -> None:
        """Make a world.

        Args:
            name: of the task, with or without the prefix.
            render_mode: without effect: there is nothing to see.
            config: options of the task, as reasoning-gym names them.

        Raises:
            ValueError: if reasoning-gym is not installed, has no such task or option, or the task
                draws no question.
        """
        self.dataset = name.removeprefix(PREFIX)
        if self.dataset not in names():
            raise unknown("task of reasoning-gym", self.dataset, names())
        super().__init__(PREFIX + self.dataset, MISSION, render_mode)
        self._config = config
        self.ask(0)

    @property
    def solution(self) -> str:
        """The answer that reasoning-gym gives; some tasks give none, and judge all the same."""
        return self._entry["answer"] or ""

    @property
    def guesses(self) -> tuple[str, ...]:
        """Answers to other questions of the task."""
        seeds = [int(self.np_random.integers(2**31)) for _ in range(4)]
        return tuple(str(self._question(seed)[1]["answer"]) for seed in seeds)

    def ask(self, seed: int | None) -> str:
        """Draw the question whose seed this is; without one, a random one."""
        drawn = int(self.np_random.integers(2**31)) if seed is None else seed
        self._items, self._entry = self._question(drawn)
        return str(self._entry["question"])

    def _question(self, seed: int) -> tuple[Any, dict[str, Any]]:
        """A data set of one question, and the question."""
        try:
            items = _library().create_dataset(self.dataset, size=1, seed=seed, **self._config)
            return items, items[0]
        except (AssertionError, TypeError, ValueError) as error:
            raise ValueError(f"{self.name} draws no question: {error}") from error

    def is_right(self, answer: str) -> bool:
        """Whether the task's judge gives it full marks; a part of them is nothing."""
        return self._items.score_answer(answer, self._entry) == 1.0

    def about(self) -> dict[str, Any]:
        """Which task it is of."""
        return {"family": self.dataset}
