"""An episode that is watched while it is played: what the window shows of each of its turns.

A mind is asked in a thread of its own, so that the window never waits for it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.body import Body
from agent.language_policy import LanguagePolicy
from agent.policies import LiveEpisode, Policy, Response
from agent.replayer import Replayer
from agent.replies import ReplyMode, parse, render
from agent.rollout import MakeWorld, begin, take_turn
from agent.shown_tokens import Writing, thought_of, tokens_of
from agent.steering import Question, ask, choice_probabilities, dictated, reply
from agent.types import Episode, EpisodeStatus, ReplyStatus, Start
from envs.grid_world import GridWorld
from envs.viewer.scene import Claim, Panel, Picture, Tick, Token

STEERED = "Someone else decides."
"""The thought of a turn that a person plays without saying why."""


@dataclass(slots=True)
class Moment:
    """One turn, as far as it has come."""

    picture: Picture | None
    observation: str
    tokens: list[Token] = field(default_factory=list)
    """of the whole reply"""
    response: Response | None = None
    """None while it is still being written"""
    thought: str = ""
    action: str = ""
    status: ReplyStatus = ReplyStatus.OK
    claims: tuple[Claim, ...] = ()
    choices: tuple[tuple[str, float], ...] = ()
    edited_from: str = ""
    """the action before the thought was edited"""
    reward: float | None = None


class Watched:
    """One policy's episode, turn by turn: think, then act, then think again.

    `moments` only ever grows, and what is shown of a moment is read from it without waiting.
    """

    def __init__(
        self,
        policy: Policy | None,
        start: Start,
        make: MakeWorld,
        stream: tuple[int, ...] = (0,),
        facts: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """
        Args:
            policy: who plays; None: a person does.
            make: makes the world, with the render mode `rgb_array` for pictures.
            stream: with the start, seeds the episode's draws, as in `play`.
            facts: shown on every turn, name and value.
        """
        self.policy = policy
        self._facts = facts
        self.mode = policy.mode if policy else ReplyMode.THINK
        self.live: LiveEpisode = begin(0, start, 0, make(start.task), stream)
        self.status = EpisodeStatus.RUNNING
        self.by_hand = policy is None
        self.error = ""
        self.moments: list[Moment] = []
        self._body = Body(self.live.world)
        self._question: Question | None = None
        self._thread: threading.Thread | None = None
        self._left = threading.Event()
        self._observe(acted=False)

    @property
    def name(self) -> str:
        """Who plays; of a run's checkpoint, the names of the two alone."""
        if self.by_hand or self.policy is None:
            return "a person"
        run, checkpoints, step = ("", "", *Path(self.policy.name).parts)[-3:]
        return f"{run} · {step}" if checkpoints == "checkpoints" else self.policy.name

    @property
    def ended(self) -> bool:
        """Whether the episode is over."""
        return self.status is not EpisodeStatus.RUNNING

    @property
    def busy(self) -> bool:
        """Whether the mind is at work."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def ready(self) -> bool:
        """Whether the newest turn has a reply that has not been acted on."""
        return not self.busy and not self.ended and self.moments[-1].response is not None

    @property
    def waits_for_a_person(self) -> bool:
        """Whether somebody has to say what is to be done."""
        return self.by_hand and not self.ended and self.moments[-1].response is None

    def think(self) -> None:
        """Ask the policy for the newest turn's reply, in a thread; nothing where there is one."""
        waiting = self.moments[-1].response is None
        if waiting and not (self.busy or self.ended or self.by_hand or self.error):
            self._in_thread(self._reply)

    def rethink(self, thought: str) -> None:
        """Put another thought in place of the newest turn's, and let the mind choose anew.

        Raises:
            ValueError: as `check_editable`.
        """
        self.check_editable()
        now = self.moments[-1]
        before = now.action or now.status.value
        self.moments[-1] = Moment(now.picture, now.observation, edited_from=before)
        begun = render(" ".join(thought.split()), "", self.mode).removesuffix("</answer>")
        self._in_thread(lambda: self._reply(begun))

    def check_editable(self) -> None:
        """
        Raises:
            ValueError: if there is no thought that could be edited, with the reason.
        """
        if not isinstance(self.policy, LanguagePolicy):
            raise ValueError("only a language model that runs here goes on from an edited thought")
        if self.mode is not ReplyMode.THINK:
            raise ValueError("this mind answers without a thought")
        if self.by_hand or not self.ready:
            raise ValueError("there is no thought to edit yet: wait until it stands there")

    def take_over(self) -> None:
        """A person decides from here on, and over the newest reply, too."""
        self.by_hand = True
        if self.ready:
            now = self.moments[-1]
            self.moments[-1] = Moment(now.picture, now.observation)

    def hand_back(self) -> None:
        """The policy decides again.

        Raises:
            ValueError: if there is none.
        """
        if self.policy is None:
            raise ValueError("there is no policy to hand back to")
        self.by_hand = False

    def say(self, action: str, thought: str = "") -> None:
        """A person's reply to the newest observation.

        Raises:
            ValueError: for an action that the world does not know.
        """
        if not self.live.world.can_read(action):
            known = ", ".join(self.live.world.action_words)
            raise ValueError(f"there is no action {action!r}; there are: {known}")
        text = render(thought or STEERED, action, self.mode)
        response = Response(text)
        if isinstance(self.policy, LanguagePolicy):
            response = dictated(self.policy, self._asked(self.policy), text)
        self.moments[-1].tokens = [Token(text)]
        self._settle(self.moments[-1], response)

    def act(self) -> None:
        """Act on the newest reply; then there is a new moment, or the episode has ended."""
        assert self.ready
        now = self.moments[-1]
        assert now.response is not None
        self.status = take_turn(self.live, now.response, self.mode)
        if isinstance(self.policy, Replayer):
            self.status = self.policy.status(self.live, self.status)
        self._question = None
        now.reward = self.live.turns[-1].reward
        self._observe(acted=self.live.turns[-1].status is ReplyStatus.OK)

    def leave(self) -> None:
        """Stop sampling, with the next token: a process cannot end well in the middle of one.

        A mind that answers from elsewhere is not waited for.
        """
        self._left.set()
        if isinstance(self.policy, LanguagePolicy):
            self.wait()

    def wait(self) -> None:
        """Until the mind has answered."""
        if self._thread:
            self._thread.join()

    def episode(self) -> Episode:
        """What has been played."""
        return Episode(
            self.live.start, 0, self.live.mission, tuple(self.live.turns), self.status,
            self._turn_limit,
        )  # fmt: skip

    def panel(self, turn: int, tokens: int | None = None) -> Panel:
        """What is to be seen of a turn.

        tokens: how many of its reply's are shown; None: all there are.
        """
        last = len(self.moments) - 1
        turn = min(max(turn, 0), last)
        now = self.moments[turn]
        shown = now.tokens if tokens is None else now.tokens[:tokens]
        done = now.response is not None and len(shown) == len(now.tokens)
        turns = self.live.turns
        paid = sum(one.reward for one in turns[: turn + (now.reward is not None)])
        return Panel(
            policy=self.name,
            mission=self.live.mission,
            turn=turn,
            turn_limit=self._turn_limit,
            picture=now.picture,
            observation=now.observation,
            thought=thought_of(shown),
            thinking=not done and not self.ended and not self.by_hand,
            claims=now.claims if done else (),
            action=now.action if done else "",
            trouble=_trouble(now) if done else self.error,
            choices=now.choices if done else (),
            reward=now.reward if done else None,
            episode_return=paid,
            outcome=self.status.value if self.ended and turn == last else "",
            timeline=tuple(
                Tick(one.status is ReplyStatus.OK, one.reward, one.slip) for one in turns
            )
            + (() if self.ended else (Tick(),)),
            facts=self._facts
            + ((("before the edit", now.edited_from),) if now.edited_from and done else ())
            + self._strays(),
        )

    @property
    def _turn_limit(self) -> int:
        played = self.policy.episode if isinstance(self.policy, Replayer) else None
        return played.turn_limit if played else self.live.world.turn_limit

    def _strays(self) -> tuple[tuple[str, str], ...]:
        """What is to be said of an episode that is played again and goes another way."""
        astray = isinstance(self.policy, Replayer) and not self.policy.follows(self.live)
        return (("replay", "goes another way than it was played"),) if astray else ()

    def _observe(self, acted: bool) -> None:
        picture = self._body.observe(acted)
        if isinstance(self.policy, Replayer):
            self.live.observation = self.policy.observation(self.live)
        self.moments.append(Moment(picture, self.live.observation))

    def _in_thread(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except _Left:
                pass
            except Exception as error:  # shown in the window, which goes on
                self.error = f"the mind could not answer: {error}"

        self._thread = threading.Thread(target=guarded, daemon=True)
        self._thread.start()

    def _asked(self, policy: LanguagePolicy) -> Question:
        """The newest turn's question: drawn with the same numbers however often it is put."""
        if self._question is None:
            self._question = ask(policy, self.live)
        return self._question

    def _reply(self, begun: str = "") -> None:
        """The policy's reply to the newest observation."""
        now = self.moments[-1]
        if not isinstance(self.policy, LanguagePolicy):
            assert self.policy is not None
            [response] = self.policy.respond([self.live])
            tokenizer = self.policy.tokenizer if isinstance(self.policy, Replayer) else None
            now.tokens = tokens_of(response, tokenizer)
            self._settle(now, response)
            return
        tokenizer, ends = self.policy.mind.tokenizer, self.policy.mind.end_ids
        now.tokens = [Token(begun)] if begun else []
        writing = Writing(tokenizer)

        def drawn(id: int, log_prob: float) -> None:
            if self._left.is_set():
                raise _Left
            if id not in ends:
                now.tokens.append(writing.token(id, log_prob))

        question = self._asked(self.policy)
        response = reply(self.policy, question, begun, drawn)
        if writing.rest:
            now.tokens[-1] = replace(now.tokens[-1], text=now.tokens[-1].text + writing.rest)
        now.choices = self._choices(self.policy, question, response)
        self._settle(now, response)

    def _choices(
        self, policy: LanguagePolicy, question: Question, response: Response
    ) -> tuple[tuple[str, float], ...]:
        """How likely each action was after the thought."""
        begun, tag, _ = response.text.partition("<answer>")
        if not tag or not isinstance(self.live.world, GridWorld):
            return ()
        known = self.live.world.action_set
        actions = tuple(known.word(action) for action in known.actions)
        found = choice_probabilities(
            policy, question, begun + tag, [f"{action}</answer>" for action in actions]
        )
        return tuple(zip(actions, found, strict=True))

    def _settle(self, now: Moment, response: Response) -> None:
        """Read the reply, and judge what it claims."""
        read = parse(
            response.text, self.live.world.can_read, self.mode, truncated=response.truncated
        )
        now.thought, now.action, now.status = read.thought, read.action, read.status
        now.claims = self._body.judge(read.thought)
        now.response = response  # last: it says that the moment is complete


class _Left(Exception):
    """Nobody is watching any more."""


def _trouble(now: Moment) -> str:
    return "" if now.status is ReplyStatus.OK else f"{now.status.value}: nothing is done"
