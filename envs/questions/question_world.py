"""Questions about the grid world, drawn one an episode."""

from collections.abc import Iterable, Sequence
from typing import Any

from envs.actions import normalised
from envs.errors import unknown
from envs.questions.families import FAMILIES
from envs.questions.item import Item, Perspective
from envs.questions.one_turn import OneTurnWorld

MISSION = "Answer with one of the choices."


class QuestionWorld(OneTurnWorld):
    """Draws an item of one of its families for each episode, all from the seed."""

    def __init__(
        self,
        name: str = "questions",
        *,
        families: Iterable[str] = tuple(FAMILIES),
        hardest: int | None = None,
        perspective: str = "egocentric",
        items: Sequence[Item] = (),
        phrasing: str = "sentences",
        nouns: str = "plain",
        vocabulary: str = "plain",
        render_mode: str | None = None,
    ) -> None:
        """Make a world.

        Args:
            name: what the world calls itself.
            families: kinds of question, one of which is drawn for each episode.
            hardest: the most difficult that is drawn; None: as difficult as the family has it.
            perspective: in whose terms, one of `Perspective`.
            items: in place of drawn ones these: the item of a seed is the so many-th.
            phrasing, nouns, vocabulary: as they are; grids are told in other words, too.
            render_mode: without effect: there is nothing to see.

        Raises:
            ValueError: for an unknown family or perspective, no difficulty left, or other words.
        """
        if (phrasing, nouns, vocabulary) != ("sentences", "plain", "plain"):
            raise ValueError(
                "questions are told in one way: leave phrasing, nouns and vocabulary out, got "
                f"{phrasing}, {nouns} and {vocabulary}."
            )
        self.families = tuple(families)
        if isinstance(families, str) or not self.families:
            raise ValueError(f"expected a list of families, at least one, got {families!r}.")
        for family in self.families:
            if family not in FAMILIES:
                raise unknown("family of questions", family, FAMILIES)
        if perspective not in set(Perspective):
            raise unknown("perspective", perspective, Perspective)
        if hardest is not None and hardest < 1:
            raise ValueError(f"hardest must be at least 1, got {hardest}.")
        super().__init__(name, MISSION, render_mode)
        self.hardest = hardest
        self.items = tuple(items)
        self.perspective = Perspective(perspective)
        self.item: Item
        """The question of this episode."""

    @property
    def guesses(self) -> tuple[str, ...]:
        """The choices of this episode."""
        return self.item.choices

    @property
    def solution(self) -> str:
        """The right choice."""
        return self.item.right

    def ask(self, seed: int | None) -> str:
        """Draw the item of this episode, or take the so many-th of those given."""
        self.item = self.items[(seed or 0) % len(self.items)] if self.items else self._draw()
        return self.item.text

    def is_right(self, answer: str) -> bool:
        """Whether this is the right choice. What is none of the choices is wrong."""
        return normalised(answer) == normalised(self.item.right)

    def about(self) -> dict[str, Any]:
        """What kind of question it is."""
        return {
            "family": self.item.family,
            "difficulty": self.item.difficulty,
            "perspective": self.item.perspective.value,
        }

    def _draw(self) -> Item:
        family = FAMILIES[self.families[int(self.np_random.integers(len(self.families)))]]
        most = min(self.hardest or len(family.difficulties), len(family.difficulties))
        difficulty = 1 + int(self.np_random.integers(most))
        return family.draw(self.np_random, difficulty, self.perspective)
