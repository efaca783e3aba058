"""A world of one turn: a question is told, and the answer is right or wrong."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from envs.actions import normalised
from envs.errors import unknown
from envs.questions.families import FAMILIES
from envs.questions.item import Item, Perspective
from envs.text_world import AnyText, EpisodeStatus, Info, TextWorld

MISSION = "Answer with one of the choices."


class QuestionWorld(TextWorld):
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
        self.name = name
        self.mission = ""
        self.turn_limit = 1
        self.hardest = hardest
        self.items = tuple(items)
        self.perspective = Perspective(perspective)
        self.item: Item
        """The question of this episode."""
        self.status = None
        self.turn = 0
        self.render_mode = render_mode
        self.observation_space = AnyText()
        self.action_space = AnyText()

    @property
    def action_words(self) -> tuple[str, ...]:
        """None: any text is an answer."""
        return ()

    @property
    def guesses(self) -> tuple[str, ...]:
        """The choices of this episode."""
        return self.item.choices

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[str, Info]:
        """Begin an episode. The seed fixes all of it; there are no options."""
        if options:
            raise ValueError(f"reset takes no options, give them to make: {', '.join(options)}.")
        super().reset(seed=seed)
        if self.items:
            self.item = self.items[(seed or 0) % len(self.items)]
        else:
            self.item = self._draw()
        self.mission = MISSION
        self.turn = 0
        self.status = EpisodeStatus.RUNNING
        return self.item.text, self._info(readable=True)

    def _draw(self) -> Item:
        family = FAMILIES[self.families[int(self.np_random.integers(len(self.families)))]]
        most = min(self.hardest or len(family.difficulties), len(family.difficulties))
        difficulty = 1 + int(self.np_random.integers(most))
        return family.draw(self.np_random, difficulty, self.perspective)

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:
        """Answer. What is none of the choices is wrong."""
        self.refuse_unless_running()
        self.turn += 1
        right = normalised(action) == normalised(self.item.right)
        self.status = EpisodeStatus.SUCCESS if right else EpisodeStatus.FAILURE
        told = "Right." if right else f"Wrong: {self.item.right}."
        return told, float(right), True, False, self._info(readable=bool(action))

    def _info(self, *, readable: bool) -> Info:
        return {
            "status": self.status,
            "mission": self.mission,
            "turn": self.turn,
            "turns_left": self.turn_limit - self.turn,
            "readable": readable,
            "actions": self.action_words,
            "truth": {
                "family": self.item.family,
                "difficulty": self.item.difficulty,
                "perspective": self.item.perspective.value,
                "answer": self.item.right,
            },
        }
