"""A show: episodes played for someone who watches, pauses, turns back, edits and takes over.

It is told what is wanted and what time it is, and tells what is to be seen; it knows of no window.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from agent.line import edited
from agent.watching import Watched
from envs.errors import nearest
from envs.viewer.command import Command
from envs.viewer.scene import Reading, Scene, Typing

SIGNS_A_SECOND = 50.0
"""How fast a thought appears at a speed of 1, where the mind is faster."""
DWELL_SECONDS = 0.9
"""How long a whole reply stands before it is acted on, at a speed of 1."""
PAUSE_SECONDS = 2.5
"""How long the end of an episode stands, in an endless show."""
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 100.0)
ARROWS = {"up": "go forward", "left": "turn left", "right": "turn right"}
LINE = {"type", "delete", "complete", "arrow", "enter", "escape"}
"""What is meant for the line that is being typed, while there is one."""
KEEPS_LINE = {"pause", "faster", "slower", "blind", "picture", "record", "help", "full text"}
"""What leaves that line as it is."""
SCROLL_SIGNS = 80
"""Characters of a text that a line of scrolling goes on by."""

Episodes = Callable[[int], tuple[str, Sequence[Watched]]]
"""The title and the stages of the so many-th episode, from 0."""


@dataclass(slots=True)
class _Pace:
    """How far the newest turn of a stage has been shown."""

    turn: int
    began: float
    tokens: int = 0
    whole: float | None = None
    """since when all of it stands there"""


class Show:
    """One episode after another, on one stage or on two."""

    def __init__(
        self, episodes: Episodes, now: float = 0.0, *, blind: bool = False, endless: bool = False
    ) -> None:
        """
        Args:
            episodes: makes them.
            now: seconds on the clock that `tick` goes by.
            blind: hide the picture, as the model has none.
            endless: go on to the next one by itself, `PAUSE_SECONDS` after the end.
        """
        self._endless = endless
        self._ended: float | None = None
        self._episodes = episodes
        self._now = now
        self.playing = True
        self.left = False
        self.status = ""
        self.wanted: list[str] = []
        """`picture` and `record`, for whoever has a surface"""
        self.recording = False
        self._speed = SPEEDS.index(1.0)
        self._blind = blind
        self._help = False
        self._reading: int | None = None
        """the first character in sight, while the whole text is read"""
        self._typing: Typing | None = None
        self._focus = 0
        self._open(0)
        by_hand = (place for place, stage in enumerate(self.stages) if stage.by_hand)
        self._focus = next(by_hand, 0)

    @property
    def over(self) -> bool:
        """Whether all stages have ended, and been seen to their end."""
        return all(stage.ended for stage in self.stages)

    @property
    def speed(self) -> float:
        """How many times faster than at first."""
        return SPEEDS[self._speed]

    def fastest(self) -> None:
        """Show all there is as soon as it is there."""
        self._speed = len(SPEEDS) - 1

    def go_to(self, number: int) -> None:
        """Show another episode, from its start."""
        self.close()
        self._open(number)
        self.playing = True

    def tick(self, now: float) -> None:
        """Let time go on until `now`: thoughts appear, and replies are acted on."""
        self._now = now
        for stage, pace in zip(self.stages, self._paces, strict=True):
            stage.think()
            self._reveal(stage, pace)
            if stage.error:
                self.status = stage.error
        seen = [
            stage.ended or (stage.ready and pace.whole is not None and self._has_stood(pace.whole))
            for stage, pace in zip(self.stages, self._paces, strict=True)
        ]
        if self.playing and self._turn is None and all(seen) and not self._typing:
            self._act()
        self._ask_a_person()
        if self.over:
            self._ended = self._now if self._ended is None else self._ended
            stood = self._now - self._ended >= PAUSE_SECONDS
            if self._endless and self.playing and self._turn is None and stood:
                self.go_to(self._number + 1)

    def do(self, command: Command) -> None:
        """What someone wants. A command that makes no sense just now says why, and does nothing."""
        self.status = ""
        try:
            if self._typing and command.name in LINE:
                self._type(command)
            else:
                self._typing = self._typing if command.name in KEEPS_LINE else None
                self._obey(command)
        except ValueError as error:
            self.status = str(error)

    def scene(self) -> Scene:
        """What is to be seen now."""
        panels = []
        for place, (stage, pace) in enumerate(zip(self.stages, self._paces, strict=True)):
            turn, newest = self._turn_of(stage), len(stage.moments) - 1
            panel = stage.panel(turn, pace.tokens if turn == newest else None)
            panels.append(replace(panel, blind=self._blind, chosen=place == self._focus))
        return Scene(
            title=self.title,
            panels=tuple(panels),
            playing=self.playing,
            speed=f"{self.speed:g}x",
            recording=self.recording,
            status=self.status,
            typing=self._typing,
            reading=None if self._reading is None else self._whole_text(self._reading),
            help=self._help,
            buttons=self._buttons(),
        )

    def wait(self) -> None:
        """Until the minds have answered, and all of it is to be seen: for those who record."""
        for stage in self.stages:
            stage.wait()

    def close(self) -> None:
        """Leave the minds alone."""
        for stage in self.stages:
            stage.leave()

    def _open(self, number: int) -> None:
        self._number, self._ended = number, None
        self.title, self.stages = self._episodes(number)
        self._paces = [_Pace(0, self._now) for _ in self.stages]
        self._turn: int | None = None
        self._focus = min(self._focus, len(self.stages) - 1)

    def _reveal(self, stage: Watched, pace: _Pace) -> None:
        newest = len(stage.moments) - 1
        if pace.turn != newest:
            pace.turn, pace.began, pace.tokens, pace.whole = newest, self._now, 0, None
        now = stage.moments[newest]
        due = (self._now - pace.began) * SIGNS_A_SECOND * self.speed
        ends = accumulate(len(token.text) for token in now.tokens)
        pace.tokens = max(sum(end <= due for end in ends), pace.tokens)
        complete = now.response is not None and pace.tokens == len(now.tokens)
        pace.whole = (pace.whole or self._now) if complete else None

    def _has_stood(self, since: float) -> bool:
        return self._now - since >= DWELL_SECONDS / self.speed

    def _act(self) -> None:
        for stage in self.stages:
            if stage.ready:
                stage.act()

    def _ask_a_person(self) -> None:
        stage = self.stages[self._focus]
        if stage.waits_for_a_person and self._typing is None and self._turn is None:
            words = ", ".join(stage.live.world.action_words)
            back = "hand back" if stage.policy else "leave"
            hint = f"enter: do it   tab: complete   esc: {back}   arrows move   ({words})"
            self._typing = Typing("What is to be done?", "", hint)

    def _buttons(self) -> tuple[tuple[str, str], ...]:
        stage = self.stages[self._focus]
        return (
            ("pause", "pause" if self.playing else "go on"),
            ("back", "← back"),
            ("on", "on →"),
            ("slower", "slower"),
            ("faster", "faster"),
            ("next", "next"),
            ("again", "again"),
            ("take over", "hand back" if stage.by_hand and stage.policy else "take over"),
            ("edit", "edit thought"),
            ("full text", "full text"),
            ("blind", "show world" if self._blind else "hide world"),
            ("picture", "picture"),
            ("record", "stop" if self.recording else "record"),
            ("help", "help"),
        )

    def _obey(self, command: Command) -> None:
        if command.panel is not None:
            self._focus = command.panel
        stage = self.stages[self._focus]
        newest = max(len(one.moments) for one in self.stages) - 1
        match command.name:
            case "leave":
                self.left = True
            case "escape":
                self._help, self._reading = False, None
            case "pause":
                self.playing = not self.playing
            case "on":
                self._one_on(newest)
            case "back":
                self.playing = False
                self._turn = max((newest if self._turn is None else self._turn) - 1, 0)
            case "first":
                self.playing, self._turn = False, 0
            case "newest":
                self._turn = None
            case "turn":
                self.playing = False
                self._turn = None if command.turn >= newest else command.turn
            case "faster" | "slower":
                step = 1 if command.name == "faster" else -1
                self._speed = min(max(self._speed + step, 0), len(SPEEDS) - 1)
            case "next" | "again":
                self.go_to(self._number + (command.name == "next"))
            case "take over":
                self._take_over(stage)
            case "edit":
                self._edit(stage)
            case "blind":
                self._blind = not self._blind
            case "full text":
                self._reading = 0 if self._reading is None else None
            case "scroll" if self._reading is not None:
                whole = len(self._whole_text(0).text)
                begins = self._reading + SCROLL_SIGNS * command.steps
                self._reading = min(max(begins, 0), whole)
            case "other":
                self._focus = (self._focus + 1) % len(self.stages)
            case "help":
                self._help = not self._help
            case "picture" | "record":
                self.wanted.append(command.name)

    def _one_on(self, newest: int) -> None:
        """A turn back is gone forward again; the newest one is acted on."""
        self.playing = False
        if self._turn is not None:
            self._turn = None if self._turn + 1 >= newest else self._turn + 1
        elif self.over:
            raise ValueError("the episode has ended: n for the next one, r for the same again")
        elif all(one.ended or one.ready for one in self.stages):
            self._act()
        else:
            raise ValueError("the thought is still being written")

    def _take_over(self, stage: Watched) -> None:
        self._turn = None
        if stage.ended:
            raise ValueError("the episode has ended: n for the next one, r for the same again")
        if stage.by_hand:
            stage.hand_back()
            self.status = "handed back"
        elif stage.busy:
            raise ValueError("the thought is still being written: take over once it stands")
        else:
            stage.take_over()
            self.playing = True

    def _edit(self, stage: Watched) -> None:
        stage.check_editable()
        self.playing, self._turn = False, None
        hint = "enter: let the mind choose by this thought   esc: leave it"
        title = f"Edit the thought of {stage.name}"
        self._typing = Typing(title, stage.moments[-1].thought, hint)

    def _whole_text(self, begins: int) -> Reading:
        """All that the shown turn says, to be read."""
        stage = self.stages[self._focus]
        turn = self._turn_of(stage)
        now = stage.moments[turn]
        said = "".join(token.text for token in now.tokens)
        claims = "\n".join(f"{claim.verdict.value}: {claim.text}" for claim in now.claims)
        parts = (stage.live.mission, now.observation, said, claims, stage.error)
        text = "\n\n".join(part for part in parts if part)
        return Reading(f"{stage.name} · the whole text of turn {turn + 1}", text, begins)

    def _turn_of(self, stage: Watched) -> int:
        """Which turn of a stage is shown."""
        newest = len(stage.moments) - 1
        return newest if self._turn is None else min(self._turn, newest)

    def _type(self, command: Command) -> None:
        typing = self._typing
        assert typing
        stage = self.stages[self._focus]
        asked = stage.waits_for_a_person
        match command.name:
            case "escape" if asked and typing.text:
                self._typing = replace(typing, text="")
            case "escape" if asked and stage.policy is None:
                self.left = True
            case "escape":
                self._typing = None
                if asked:
                    stage.hand_back()
            case "arrow" if asked and not typing.text and command.text in ARROWS:
                self._say(stage, ARROWS[command.text])
            case "enter" if asked:
                self._say(stage, typing.text)
            case "enter":
                self._typing = None
                stage.rethink(typing.text)
                self._paces[self._focus] = _Pace(len(stage.moments) - 1, self._now)
            case _:
                words = stage.live.world.action_words if asked else ()
                self._typing = edited(typing, command, words)

    def _say(self, stage: Watched, text: str) -> None:
        """A person's reply, `action` or `thought > action`."""
        thought, _, action = text.rpartition(">")
        action = action.strip()
        if not stage.live.world.can_read(action):
            meant = nearest(action, stage.live.world.action_words, cutoff=0.4)
            raise ValueError(
                f"there is no action {action!r}" + (f": did you mean {meant!r}?" if meant else "")
            )
        stage.say(action, thought.strip())
        self._typing = None
