"""The policy that is a language model."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from agent.conversation import Conversation
from agent.memory import TooManyLive
from agent.models import Mind
from agent.policies import LiveEpisode, Policy, Response
from agent.prompts import ChatFrame, Example, mission_text, system_text
from agent.replies import ReplyMode
from agent.sampler import Request, Sampler
from agent.types import Turn
from envs.false_notes import falsify
from envs.grid_world import GridWorld
from envs.text_world import TextWorld

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How replies are drawn."""

    temperature: float = 1.0
    """divides the logits; 0 takes the likeliest token each time"""
    top_k: int = 0
    """draw among so many of the likeliest tokens; 0: among all. GRPO's ratios are those of all"""
    top_p: float = 1.0
    """draw among the likeliest tokens that together have this probability; 1: among all"""
    max_reply_tokens: int = 64
    """a reply longer than this is cut off and counts as truncated"""
    context: int | None = None
    """tokens a segment may hold; None: the model's own limit"""
    history: int | None = None
    """turns a segment may show; None: as many as fit"""
    kept: int | None = None
    """turns of the last segment that the next one opens with; None: all that it may show. Fewer are
    cheaper: a segment is read anew when it opens, and goes on from there"""

    memory: bool = True
    """whether a segment tells of the actions that fell out of sight"""
    note: bool = False
    """whether a segment opens with the last thought, where its turn fell out of sight: with a
    history of 0, it is then all that is known of the past"""
    numbered: bool = False
    """whether the actions are listed with numbers, each as it would stand in a reply, and thoughts
    are taught to end in a number: for minds to whom their words mean nothing"""

    def __post_init__(self) -> None:
        if self.temperature < 0:
            raise ValueError(f"temperature must be 0 or more, got {self.temperature}")
        if self.top_k < 0:
            raise ValueError(f"top_k must be 0 (all tokens) or more, got {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, got {self.top_p}")
        if self.max_reply_tokens < 1:
            raise ValueError(f"max_reply_tokens must be at least 1, got {self.max_reply_tokens}")
        if self.context is not None and self.context < 1:
            raise ValueError(f"context must be at least 1 token, got {self.context}")
        if self.history is not None and self.history < 0:
            raise ValueError(f"history must be 0 or more turns, got {self.history}")
        if self.kept is not None and (self.history is None or not 0 <= self.kept <= self.history):
            raise ValueError(
                f"kept must be 0 to history turns, got {self.kept} of a history of {self.history}"
            )


class Reader:
    """Reads episodes as a mind does: each live one has a conversation here, in tokens."""

    def __init__(
        self,
        mind: Mind,
        sampling: Sampling,
        mode: ReplyMode,
        examples: Mapping[str, tuple[Example, ...]] = MappingProxyType({}),
    ) -> None:
        self.mode = mode
        self.examples = examples
        self.sampling = sampling
        self.frame = ChatFrame.of(mind.tokenizer)
        self.limit = min(sampling.context or mind.context, mind.context)
        self._conversations: dict[int, Conversation] = {}

    def _ask(self, live: Sequence[LiveEpisode]) -> list[tuple[tuple[int, ...], bool]]:
        """The tokens to append for each episode's new observation, and whether they open a segment.

        The conversations of episodes that are not asked about any more go.
        """
        asked = [self._ask_one(one) for one in live]
        self._conversations = {one.key: self._conversations[one.key] for one in live}
        return asked

    def _ask_one(self, one: LiveEpisode) -> tuple[tuple[int, ...], bool]:
        if one.turns and one.key in self._conversations:
            last = one.turns[-1]
            self._conversations[one.key].answer(
                last.reply_ids, last.action, self._noted(one, last.thought)
            )
        else:
            talk = self.converse(one.mission, one.world.action_words, one.start.task)
            for turn in one.turns:  # there are some where the episode had to wait
                talk.ask(turn.observation)
                talk.answer(turn.reply_ids, turn.action, turn.thought)
            self._conversations[one.key] = talk
        return self._conversations[one.key].ask(one.observation)

    def _noted(self, one: LiveEpisode, thought: str) -> str:
        """What is kept in mind of the last thought."""
        return thought

    def converse(self, mission: str, actions: tuple[str, ...], task: str = "") -> Conversation:
        """The conversation that an episode opens with; `task` tells which examples are shown."""
        shown = self.examples.get(task, ())
        return Conversation(
            self.frame,
            system_text(
                None if shown else mission, actions, self.mode, numbered=self.sampling.numbered
            ),
            self.limit,
            self.sampling.max_reply_tokens,
            self.sampling.history,
            self.sampling.kept,
            self.sampling.memory,
            self.sampling.note,
            shown,
            mission_text(mission) if shown else "",
        )

    def check_context(self, world: TextWorld) -> None:
        """Try whether one turn of an episode of this world fits.

        Raises:
            ValueError: if it does not; says what would help.
        """
        observation, info = world.reset(seed=0)
        self.converse(info["mission"], world.action_words).ask(observation)


class LanguagePolicy(Reader):
    """Reads observations as tokens, writes replies as tokens.

    Each live episode has a conversation here and a cache row in the sampler; both go when the
    episode is not among those asked about any more.
    """

    def __init__(
        self,
        mind: Mind,
        sampling: Sampling = Sampling(),
        mode: ReplyMode = ReplyMode.THINK,
        precision: str = "fp32",
        examples: Mapping[str, tuple[Example, ...]] = MappingProxyType({}),
    ) -> None:
        """`examples`: what an episode opens with beside its mission, by its task's name."""
        super().__init__(mind, sampling, mode, examples)
        self.mind = mind
        self.name = mind.name
        self.sampler = Sampler(
            mind,
            temperature=sampling.temperature,
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            max_new_tokens=sampling.max_reply_tokens,
            precision=precision,
        )
        self._room: int | None = None

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """One sampled reply an episode, all drawn in one batch.

        Raises:
            TooManyLive: where memory is out, with half as many episodes to go on with.
            MemoryError: where it is out with a single one.
        """
        if self._room and len(live) > self._room:
            raise TooManyLive(self._room)
        asked = self._ask(live)
        try:
            completions = self.sampler.generate(
                [
                    self._request(one, prompt_ids, opens_segment)
                    for one, (prompt_ids, opens_segment) in zip(live, asked, strict=True)
                ]
            )
        except MemoryError:
            self._conversations.clear()
            if len(live) == 1:
                raise
            self._room = len(live) // 2
            logger.warning(
                "out of memory with %d live episodes: going on with %d", len(live), self._room
            )
            raise TooManyLive(self._room) from None
        return [
            Response(
                self.text(completion.ids),
                not completion.ended,
                prompt_ids,
                completion.ids,
                completion.log_probs,
                opens_segment,
            )
            for (prompt_ids, opens_segment), completion in zip(asked, completions, strict=True)
        ]

    def _request(
        self, one: LiveEpisode, prompt_ids: tuple[int, ...], opens_segment: bool
    ) -> Request:
        """What to append to the episode's segment: all of it, where the sampler has lost it."""
        if not opens_segment and not self.sampler.holds(one.key):
            prompt_ids = segment_so_far(one.turns) + prompt_ids
        return Request(one.key, prompt_ids, self.uniforms(one), opens_segment)

    def uniforms(self, one: LiveEpisode) -> np.ndarray | None:
        """The episode's next draws; None where the likeliest token is taken."""
        greedy = self.sampling.temperature == 0
        return None if greedy else one.random.random(self.sampling.max_reply_tokens)

    def text(self, ids: tuple[int, ...]) -> str:
        """The reply as text, less the token that ended the turn."""
        shown = ids[:-1] if ids and ids[-1] in self.mind.end_ids else ids
        return str(self.mind.tokenizer.decode(list(shown), clean_up_tokenization_spaces=False))


def segment_so_far(turns: Sequence[Turn]) -> tuple[int, ...]:
    """What was read and written since the last context was opened."""
    ids: tuple[int, ...] = ()
    for turn in turns:
        ids = (() if turn.opens_segment else ids) + turn.prompt_ids + turn.reply_ids
    return ids


class DictatedPolicy(Reader):
    """A mind's reader with another policy's replies: demonstrations, in tokens.

    Where notes are kept, the last thought mostly tells where a thing is now, and one who imitates a
    teacher that is always right learns to go by it, and not to look: then its first mistake stays.
    So notes can be false (`envs.false_notes`) where the teacher now sees for itself: of what has
    gone out of view, they are all that is known.
    """

    def __init__(
        self, mind: Mind, teacher: Policy, sampling: Sampling, false_notes: float = 0.0
    ) -> None:
        """
        Args:
            mind: whose tokens are read and written.
            teacher: who replies.
            sampling: how episodes are read.
            false_notes: the share of such notes that are false.
        """
        super().__init__(mind, sampling, teacher.mode)
        self.teacher = teacher
        self.false_notes = false_notes
        self._told: dict[int, str] = {}
        self.name = teacher.name

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """The teacher's replies, with the tokens that a mind would have read and written.

        Raises:
            ValueError: if a reply that is to be imitated is longer than a reply may be.
        """
        told = self.teacher.respond(live)
        self._told = {one.key: reply.text for one, reply in zip(live, told, strict=True)}
        return [
            self._in_tokens(reply, *asked)
            for reply, asked in zip(told, self._ask(live), strict=True)
        ]

    def _noted(self, one: LiveEpisode, thought: str) -> str:
        world = one.world
        share = self.false_notes
        if not (share and isinstance(world, GridWorld) and one.random.random() < share):
            return thought
        note, now = map(world.in_plain_words, (thought, self._told[one.key]))
        return world.in_own_words(falsify(note, now, world.raw.mission, one.random))

    def _in_tokens(
        self, told: Response, prompt_ids: tuple[int, ...], opens_segment: bool
    ) -> Response:
        reply_ids, most = self.frame.text(told.text), self.sampling.max_reply_tokens
        if len(reply_ids) > most and not told.slip:
            raise ValueError(
                f"a reply that is to be imitated has {len(reply_ids)} tokens, and a reply may have "
                f"{most}: set --sampling.max-reply-tokens higher. The reply: {told.text!r}"
            )
        return replace(
            told, prompt_ids=prompt_ids, reply_ids=reply_ids, opens_segment=opens_segment
        )
