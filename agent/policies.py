"""Policies: whatever answers observations. Those without a language model are here."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from agent.replies import ReplyMode, render
from agent.types import Start, Turn
from envs.actions import MOVES, PLAIN, Action
from envs.expert import Advice, Expert, expert_for
from envs.grid_world import GridWorld
from envs.memory import PORTABLE
from envs.questions import QuestionWorld
from envs.reactive import reactive_action
from envs.text_world import TextWorld
from envs.thoughts import numbered


@dataclass(slots=True)
class LiveEpisode:
    """An episode that waits for a reply."""

    key: int
    """unique among the episodes of one call of `play`"""
    start: Start
    member: int
    world: TextWorld
    mission: str
    observation: str
    """what the reply answers"""
    random: np.random.Generator
    """the episode's own random stream, so that the order of play changes nothing"""
    state: int
    """a number for the world's state, equal for equal states"""
    turns: list[Turn] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Response:
    """A reply before it is read; token fields as in `agent.types.Turn`."""

    text: str
    truncated: bool = False
    prompt_ids: tuple[int, ...] = ()
    reply_ids: tuple[int, ...] = ()
    log_probs: tuple[float, ...] = ()
    opens_segment: bool = False
    slip: bool = False
    counted: tuple[int, int] | None = None
    """tokens read and written, where a provider counts them and keeps them to itself"""


class Policy(Protocol):
    """Answers observations, those of many episodes at once."""

    name: str
    mode: ReplyMode

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """One response for each of the episodes, in their order.

        `live` holds all the episodes that go on: what a policy keeps of an episode that is not
        among them any more, it may forget.
        """
        ...


class RandomPolicy:
    """Any listed action, or choice, each as likely as the next."""

    name = "random"
    mode = ReplyMode.ANSWER

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """One random action an episode."""
        return [
            Response(render("", str(one.random.choice(one.world.guesses)), self.mode))
            for one in live
        ]


class ReactivePolicy:
    """The rule without memory: tells which tasks need a mind (see `envs.reactive`)."""

    name = "reactive"
    mode = ReplyMode.ANSWER

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """The rule's action for what is sensed now."""
        worlds = [_grid_world(one, self.name) for one in live]
        return [Response(render("", _rule(one), self.mode)) for one in worlds]


def _rule(world: GridWorld) -> str:
    """What the rule without memory does, in the world's own words; its first action where the
    world has none for it."""
    action, known = PLAIN[reactive_action(world.mission, world.senses)], world.action_set
    return known.word(action) if action in known.actions else known.words[0]


SLIPS = (
    "{reply}{answer}",
    "{reply}{reply}",
    "{reply}<think>",
    "{answer}<think>{thought}</think>",
    "<think>{thought}</think>",
    "<think>{thought}<answer>{action}</answer>",
    "<think>{thought}",
    "<think></think>{answer}",
    "<think>{thought}</think><answer></answer>",
    "<think>{thought}</think><answer>{thought}</answer>",
    "<think>{thought}</think>{action}<answer></answer>",
    "{thought} {answer}",
)
"""Ways to spoil a reply, so that it cannot be read."""


class ExpertPolicy:
    """Demonstrations: the expert's thought and action (see `envs.expert`), and the right answer to
    a question with the reason for it.

    One who has only seen flawless episodes does not know how to go on after a mistake of its own:
    what then is observed was never read before, and one mistake brings the next. So the expert
    can be made to fail now and then, and goes on from there: in noise that is put into a teacher's
    play, a learner's own states are met (DART, https://arxiv.org/abs/1703.09327).

    A slip spoils the reply, and is not to be imitated. Nor is a misdeed: to take what stands in the
    way, or let go of what is needed; what follows shows how it is set right. Out of habit it moves
    as it did last, whether that is right or not, and says so: to one who imitates it cannot be told
    from the rest. Mistakes at random average out, so that the likeliest word of one who imitates
    them is right; mistakes with a rule do not.
    """

    name = "expert"

    def __init__(
        self,
        mode: ReplyMode = ReplyMode.THINK,
        slips: float = 0.0,
        habit: float = 0.0,
        *,
        misdeeds: float = 0.0,
        numbered: bool = False,
    ) -> None:
        """
        Args:
            mode: the form of its replies.
            slips: the share of replies that are spoiled, so that they cannot be read.
            habit: the share of turns on which it moves as it did last, where it moved.
            misdeeds: the share of the turns on which its hands could do something wrong, and do.
            numbered: whether a thought ends in the number that its action has in the world's list.
        """
        self.mode = mode
        self.slips = slips
        self.habit = habit
        self.misdeeds = misdeeds
        self.numbered = numbered
        self._experts: dict[int, Expert] = {}

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """The expert's advice for each episode."""
        self._experts = {
            one.key: self._experts[one.key]
            if one.turns
            else expert_for(_grid_world(one, self.name))
            for one in live
            if not isinstance(one.world, QuestionWorld)
        }
        return [self._response(one) for one in live]

    def _response(self, one: LiveEpisode) -> Response:
        """The advice for this turn, or a mistake."""
        if isinstance(one.world, QuestionWorld):
            item = one.world.item
            return Response(render(item.thought, item.right, self.mode))
        expert = self._experts[one.key]
        told = expert.advise()
        if self.habit and one.random.random() < self.habit:
            last = expert.world.last_action
            told = expert.instead(last) if last in MOVES else told
        wrong = _misdeed(expert, told) if self.misdeeds else None
        if wrong is not None and one.random.random() >= self.misdeeds:
            wrong = None
        if wrong is not None:
            told = expert.instead(wrong)
        if self.numbered:
            told = in_numbers(told, one.world)
        reply = render(told.thought, told.action, self.mode)
        if not self.slips or one.random.random() >= self.slips:
            return Response(reply, slip=wrong is not None)
        expert.unthink()
        answer = render("", told.action, ReplyMode.ANSWER)
        spoiled = str(one.random.choice(SLIPS)).format(
            reply=reply, answer=answer, thought=told.thought, action=told.action
        )
        return Response(spoiled, slip=True)


def _misdeed(expert: Expert, told: Advice) -> Action | None:
    """What the hands could do wrong where the advice is to move; None where they can do nothing."""
    known, memory = expert.world.action_set, expert.memory
    front = memory.front
    wrong = Action.DROP if memory.carried else Action.PICKUP
    can = front is None if memory.carried else front is not None and front.kind in PORTABLE
    moves = [known.word(action) for action in MOVES if action in known.actions]
    return wrong if can and wrong in known.actions and told.action in moves else None


def in_numbers(told: Advice, world: TextWorld) -> Advice:
    """The advice, its thought ending in the number that the action has in the world's list."""
    place = world.action_words.index(told.action)
    return replace(told, thought=numbered(told.thought, place))


def _grid_world(live: LiveEpisode, policy: str) -> GridWorld:
    """The episode's world, which must be one that a body can sense."""
    world = live.world
    if not isinstance(world, GridWorld):
        raise ValueError(f"the {policy} policy plays grid worlds, and {live.start.task} is none")
    return world
