"""Policies: whatever answers observations. Those without a language model are here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from agent.replies import ReplyMode, render
from agent.types import Start, Turn
from envs.actions import PLAIN
from envs.expert import Expert, expert_for
from envs.grid_world import GridWorld
from envs.reactive import reactive_action
from envs.text_world import TextWorld


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
    """Any listed action, each as likely as the next."""

    name = "random"
    mode = ReplyMode.ANSWER

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """One random action an episode."""
        return [
            Response(render("", str(one.random.choice(one.world.action_words)), self.mode))
            for one in live
        ]


class ReactivePolicy:
    """The rule without memory: tells which tasks need a mind (see `envs.reactive`)."""

    name = "reactive"
    mode = ReplyMode.ANSWER

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """The rule's action for what is sensed now."""
        return [
            Response(render("", self._word(_grid_world(one, self.name)), self.mode)) for one in live
        ]

    def _word(self, world: GridWorld) -> str:
        """The rule's action in the world's own words; its first word where it has none for it."""
        action = PLAIN[reactive_action(world.mission, world.senses)]
        actions = world.action_set
        return actions.word(action) if action in actions.actions else actions.words[0]


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
    """Demonstrations: the expert's thought and action (see `envs.expert`).

    With `slips`, it now and then says something that cannot be read, and goes on from there. One
    who has only seen flawless episodes does not know what to do after a slip of its own: the
    complaint about it is a text never read before, and one slip brings the next.
    """

    name = "expert"

    def __init__(self, mode: ReplyMode = ReplyMode.THINK, slips: float = 0.0) -> None:
        """slips: the share of replies that are spoiled."""
        self.mode = mode
        self.slips = slips
        self._experts: dict[int, Expert] = {}

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """The expert's advice for each episode."""
        self._experts = {
            one.key: self._experts[one.key]
            if one.turns
            else expert_for(_grid_world(one, self.name))
            for one in live
        }
        return [self._response(one) for one in live]

    def _response(self, one: LiveEpisode) -> Response:
        """The advice for this turn, or a slip."""
        told = self._experts[one.key].advise()
        reply = render(told.thought, told.action, self.mode)
        if one.random.random() < self.slips:
            answer = render("", told.action, ReplyMode.ANSWER)
            reply = str(one.random.choice(SLIPS)).format(
                reply=reply, answer=answer, thought=told.thought, action=told.action
            )
        return Response(reply)


def _grid_world(live: LiveEpisode, policy: str) -> GridWorld:
    """The episode's world, which must be one that a body can sense."""
    world = live.world
    if not isinstance(world, GridWorld):
        raise ValueError(f"the {policy} policy plays grid worlds, and {live.start.task} is none")
    return world
