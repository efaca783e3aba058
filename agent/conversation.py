"""The token side of one live episode: what a language model has read and written so far."""

from dataclasses import dataclass, field
from itertools import groupby

from agent.prompts import ChatFrame, Example


@dataclass(frozen=True, slots=True)
class _Exchange:
    observation: tuple[int, ...]
    reply: tuple[int, ...]
    action: str
    thought: str


@dataclass(slots=True)
class Conversation:
    """Turns texts into the tokens to append, and opens a new segment when they no longer fit.

    A new segment holds the system text, a memory of the actions that fell out of sight, and the
    last turns, so that its length stays within the model's context. The memory stands behind the
    system text, in the first turn: all segments of an episode, and of its group, open alike, and
    what is alike need not be computed twice. So does the note: where the last turn is out of sight,
    its thought (the last there was) can still be shown, and is then all that is known of the past.

    Attributes:
        frame: the tokenizer's pieces.
        system: the system text, mission included.
        limit: tokens a segment may hold, the reply to come included.
        reply_limit: the most tokens a reply may have.
        history: turns a segment may show before the next one opens; None: as many as fit.
        kept: turns that the next segment opens with; None: `history`, or what half the room holds.
        memory: whether the actions that fell out of sight are told.
        note: whether the last thought there was is shown where its turn is not.
        examples: turns of somebody else's that every segment opens with.
        mission: what the first observation of a segment opens with, where `system` does not say.
    """

    frame: ChatFrame
    system: str
    limit: int
    reply_limit: int
    history: int | None = None
    kept: int | None = None
    memory: bool = True
    note: bool = False
    examples: tuple[Example, ...] = ()
    mission: str = ""
    _exchanges: list[_Exchange] = field(default_factory=list)
    _observation: tuple[int, ...] = ()
    _shown: int = 0
    _length: int = 0

    def ask(self, observation: str) -> tuple[tuple[int, ...], bool]:
        """Tokens to append before the next reply, and whether they open a new segment.

        Raises:
            ValueError: if the system text and this one observation leave no room for a reply.
        """
        self._observation = self.frame.text(observation)
        if self._exchanges:
            ids = (*self._after_reply(), *self._observation, *self.frame.reply)
            fits = self._length + len(ids) + self.reply_limit <= self.limit
            if fits and (self.history is None or self._shown < self.history):
                self._length += len(ids)
                return ids, False
        ids = self._open_segment()
        self._length = len(ids)
        return ids, True

    def answer(self, reply: tuple[int, ...], action: str, thought: str = "") -> None:
        """Take note of the sampled tokens, and of the action and thought read from them."""
        self._exchanges.append(_Exchange(self._observation, reply, action, thought))
        self._length += len(reply)
        self._shown += 1

    def _after_reply(self, reply: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """The pieces that follow a reply, less the end token where the reply wrote it itself."""
        reply = self._exchanges[-1].reply if reply is None else reply
        following = self.frame.next
        return following[1:] if reply and following and reply[-1] == following[0] else following

    def _open_segment(self) -> tuple[int, ...]:
        """System, memory and last turns: at most half the room, so that segments stay few.

        Where not even the memory has room, it goes.
        """
        tail = self._observation + self.frame.reply
        room = self.limit - self.reply_limit
        kept: list[_Exchange] = []
        body: tuple[int, ...] = ()
        opening = self._opening()
        if len(opening) + len(tail) > room:
            raise ValueError(
                f"the context is too small for one turn: {self.limit} tokens must hold "
                f"{len(opening)} of system text, {len(tail)} of observation and "
                f"{self.reply_limit} of reply. Take a model with a longer context, a shorter "
                "phrasing or a smaller max_reply_tokens."
            )
        most = next(
            (most for most in (self.kept, self.history) if most is not None), len(self._exchanges)
        )
        for exchange in reversed(self._exchanges[len(self._exchanges) - most :] if most else []):
            turn = (
                *exchange.observation,
                *self.frame.reply,
                *exchange.reply,
                *self._after_reply(exchange.reply),
            )
            head = opening + self._memory(len(self._exchanges) - len(kept) - 1)
            allowed = room if self.history is not None else room // 2
            if len(head) + len(turn) + len(body) + len(tail) > allowed:
                break
            kept.append(exchange)
            body = turn + body
        self._shown = len(kept)
        memory = self._memory(len(self._exchanges) - len(kept))
        if self.note and self._exchanges and not kept:
            memory += self.frame.text(self._note())
        rest = body + tail
        return opening + (memory if len(opening + memory + rest) <= room else ()) + rest

    def _opening(self) -> tuple[int, ...]:
        """All that stands before the first observation of this episode."""
        ids = self.frame.open(self.system)
        for example in self.examples:
            ids += self.frame.text(example.observation) + self.frame.reply
            ids += self.frame.text(example.reply) + self.frame.next
        return ids + self.frame.text(self.mission)

    def _note(self) -> str:
        """Of the last turn that had a thought in words: what a reply that could not be read did not
        say is not forgotten for that."""
        told = filter(None, (note(one.thought, "") for one in reversed(self._exchanges)))
        return next(told, note("", self._exchanges[-1].action))

    def _memory(self, forgotten: int) -> tuple[int, ...]:
        """The actions of the first `forgotten` turns."""
        forgotten = forgotten if self.memory else 0
        actions = [exchange.action or "nothing" for exchange in self._exchanges[:forgotten]]
        return self.frame.text(remember(actions))


def note(thought: str, action: str) -> str:
    """What is kept of a turn: its thought, or its action where it had no thought in words.

    Not both: a mind that reads its last answer copies it, where it should look up the next one.

    >>> note("I see a key.", "pick up"), note(". . .", "pick up"), note("", "")
    ('<think>I see a key.</think>', '<answer>pick up</answer>', '')
    """
    if thought.strip(". "):
        return f"<think>{thought}</think>"
    return f"<answer>{action}</answer>" if action else ""


def remember(actions: list[str], runs: int = 8) -> str:
    """The last runs of equal actions, as a sentence to put before an observation.

    >>> remember(["turn left", "go forward", "go forward"])
    'Before: turn left, go forward 2 times. '
    """
    if not actions:
        return ""
    lengths = [(action, len(list(run))) for action, run in groupby(actions)][-runs:]
    told = [action if n == 1 else f"{action} {n} times" for action, n in lengths]
    return f"Before: {', '.join(told)}. "
