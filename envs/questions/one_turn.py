"""A world of one turn: a question is told, and the answer is right or wrong."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from envs.text_world import AnyText, EpisodeStatus, Info, TextWorld


class OneTurnWorld(TextWorld):
    """What worlds of one turn have in common; each kind says what it asks and what is right."""

    turn_limit = 1

    def __init__(self, name: str, mission: str, render_mode: str | None = None) -> None:
        """Make a world.

        Args:
            name: what the world calls itself.
            mission: how to answer; it is told from the first reset on.
            render_mode: without effect: there is nothing to see.
        """
        self.name = name
        self.mission = ""
        self.status = None
        self.turn = 0
        self.render_mode = render_mode
        self.observation_space = AnyText()
        self.action_space = AnyText()
        self._told_mission = mission

    @abstractmethod
    def ask(self, seed: int | None) -> str:
        """Choose the question of this episode, all from the seed, and tell it."""

    @abstractmethod
    def is_right(self, answer: str) -> bool:
        """Whether this answers the question."""

    @property
    @abstractmethod
    def solution(self) -> str:
        """A right answer; empty where none is known."""

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """What is known of the question, for `info["truth"]`."""

    @property
    def action_words(self) -> tuple[str, ...]:
        """None: any text is an answer."""
        return ()

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[str, Info]:
        """Begin an episode. The seed fixes all of it; there are no options."""
        if options:
            raise ValueError(f"reset takes no options, give them to make: {', '.join(options)}.")
        super().reset(seed=seed)
        told = self.ask(seed)
        self.mission = self._told_mission
        self.turn = 0
        self.status = EpisodeStatus.RUNNING
        return told, self._info(readable=True)

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:
        """Answer the question."""
        self.refuse_unless_running()
        self.turn += 1
        right = self.is_right(action)
        self.status = EpisodeStatus.SUCCESS if right else EpisodeStatus.FAILURE
        wrong = f"Wrong: {self.solution}." if self.solution else "Wrong."
        told = "Right." if right else wrong
        return told, float(right), True, False, self._info(readable=bool(action))

    def truth(self) -> dict[str, Any]:
        """What kind of question it is, and a right answer."""
        return {**self.about(), "answer": self.solution}
