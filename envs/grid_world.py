"""Any level of MiniGrid or BabyAI as a world of text."""

from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from typing import Any

import gymnasium
import numpy as np
from minigrid.minigrid_env import MiniGridEnv
from numpy.typing import NDArray

from envs.actions import PLAIN, Action, action_set
from envs.errors import unknown
from envs.nouns import NOUNS
from envs.phrasing import PHRASINGS, TRAINING_WORDINGS, Phrasing
from envs.registration import raw_spec, trouble
from envs.senses import HEADINGS, SIZE, Senses, View, sense
from envs.text_world import AnyText, EpisodeStatus, Info, TextWorld
from envs.truth import Witness
from envs.varied import drawn_nouns, drawn_vocabulary, varied_wording


class GridWorld(TextWorld):
    """A level of MiniGrid or BabyAI, told in text and steered in text.

    The world counts *turns*, the level its own steps: a reply that names no action costs a turn and
    does not reach the level, since nothing there is a safe way to do nothing (but see `fallback`).
    """

    def __init__(
        self,
        world_id: str,
        *,
        phrasing: str = "sentences",
        nouns: str = "plain",
        vocabulary: str = "plain",
        actions: Iterable[str] | None = None,
        turn_limit: int | None = None,
        most_turns: int | None = None,
        fallback: str | None = None,
        render_mode: str | None = None,
        **level: Any,
    ) -> None:
        """Make a world.

        Args:
            world_id: a level's id with gymnasium, such as "BabyAI-GoToLocal-v0".
            phrasing: how the senses are told, one of `PHRASINGS`, or "drawn": one of the training
                wordings or of those of `envs.varied`, drawn for each episode from its seed.
            nouns: what things are called, one of `NOUNS`, or "drawn" in the same way.
            vocabulary: what the actions are called, one of `VOCABULARIES`, or "drawn".
            actions: the words accepted; by default all that the level has a use for.
            turn_limit: turns until the episode is truncated; by default the level's own limit,
                which a longer one extends.
            most_turns: turns until the episode is truncated, where the limit would allow more.
            fallback: the action taken for a reply that names none, as BALROG goes forward then.
                Without it nothing moves.
            render_mode: "rgb_array" for pictures from `render`.
            level: options of the level itself.

        Raises:
            ValueError: for an unknown name or option, and for a level that cannot be played here.
        """
        if phrasing != "drawn" and phrasing not in PHRASINGS:
            raise unknown("phrasing", phrasing, ["drawn", *PHRASINGS])
        if nouns != "drawn" and nouns not in NOUNS:
            raise unknown("nouns", nouns, ["drawn", *NOUNS])
        if nouns == "mirrored" and phrasing == "map":
            raise ValueError("a map has no words for left and right that could be mirrored.")
        for limit, name in ((turn_limit, "turn_limit"), (most_turns, "most_turns")):
            if limit is not None and limit < 1:
                raise ValueError(f"{name} must be at least 1, got {limit}.")
        if render_mode not in (None, "rgb_array"):
            raise unknown("render mode", render_mode, ["rgb_array"])
        self.name = world_id
        self.raw = _make_level(world_id, level)
        """The level itself."""
        self._actions = _usable(self.raw, actions)
        self.action_set = action_set(
            self._actions, "plain" if vocabulary == "drawn" else vocabulary
        )
        """The words for the actions, of this episode where they are drawn."""
        self.nouns = NOUNS["plain" if nouns == "drawn" else nouns]
        """What things are called in this episode."""
        self._fallback = None if fallback is None else self.action_set.read(fallback)
        if fallback is not None and self._fallback is None:
            raise unknown("action to fall back on", fallback, self.action_words)
        self.mission = ""
        self.turn_limit = turn_limit or self.raw.max_steps
        self.render_mode = render_mode
        self.wording: Phrasing = PHRASINGS["sentences" if phrasing == "drawn" else phrasing]
        """How this episode's senses are told."""
        self.senses: Senses
        """What the last observation told."""
        self.last_action: Action | None = None
        """The last action taken; None at the start and after an unreadable reply."""
        self.status = None
        self.turn = 0
        self.observation_space = AnyText()
        self.action_space = AnyText()
        # Playground has no mission, not even before the first reset: nothing there can succeed.
        self.metadata = {**self.metadata, "can_succeed": bool(self.raw.mission)}  # type: ignore[misc]
        self._turn_limit = turn_limit
        self._most_turns = most_turns
        self._drawn = {
            name
            for name, chosen in (
                ("phrasing", phrasing),
                ("nouns", nouns),
                ("vocabulary", vocabulary),
            )
            if chosen == "drawn"
        }
        self._view: View
        self._witness: Witness

    @property
    def action_words(self) -> tuple[str, ...]:
        """Every word that is accepted, canonical words first."""
        return self.action_set.words

    def can_read(self, action: str) -> bool:
        """Whether `action` names an action of this world."""
        return self.action_set.read(action) is not None

    def in_own_words(self, thought: str) -> str:
        """A plain thought in the words of this episode: things, and places of what is seen."""
        return self.nouns.rename(self.wording.retell(thought, self.senses.facing))

    def in_plain_words(self, thought: str) -> str:
        """The inverse, for what is thought now."""
        return self.wording.restore(self.nouns.restore(thought), self.senses.facing)

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[str, Info]:
        """Begin an episode. The seed fixes all of it; there are no options."""
        if options:
            raise ValueError(f"reset takes no options, give them to make: {', '.join(options)}.")
        super().reset(seed=seed)
        with redirect_stdout(None):  # some levels print what they reject
            self.raw.reset(seed=seed)
        self._draw_words()
        self.turn_limit = self._turn_limit or self.raw.max_steps  # which reset may have set
        self.turn_limit = min(self.turn_limit, self._most_turns or self.turn_limit)
        self.raw.max_steps = max(self.raw.max_steps, self.turn_limit)
        self.mission = self.nouns.rename(self.raw.mission)
        self.turn = 0
        self.last_action = None
        self.status = EpisodeStatus.RUNNING
        self._view = self.raw.gen_obs()["image"]  # some levels change after what reset returned
        self._witness = Witness(self.raw)
        return self._observe(), self._info(readable=True)

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:
        """Take one turn: act if `action` can be read, otherwise only let the turn pass."""
        self.refuse_unless_running()
        self.turn += 1
        read = self.action_set.read(action)
        self.last_action = self._fallback if read is None else read
        reward, terminated, changed, unreadable = 0.0, False, None, None
        if self.last_action is None:
            unreadable = "unknown" if action.strip() else "missing"
        else:
            before = _touched(self.raw, self.last_action)
            seen, earned, terminated, _, _ = self.raw.step(self.last_action)
            changed = _touched(self.raw, self.last_action) != before
            reward = float(earned)
            self._view = seen["image"]
        truncated = not terminated and self.turn >= self.turn_limit
        if terminated:
            self.status = EpisodeStatus.SUCCESS if reward > 0 else EpisodeStatus.FAILURE
        elif truncated:
            self.status = EpisodeStatus.TRUNCATED
        observation = self._observe(changed, unreadable)
        return observation, reward, terminated, truncated, self._info(readable=read is not None)

    def render(self) -> NDArray[np.uint8] | None:
        """A picture of the whole grid, `[height, width, 3]`, in the render mode "rgb_array"."""
        return None if self.render_mode is None else self.raw.get_frame()

    def _observe(self, changed: bool | None = None, unreadable: str | None = None) -> str:
        self.senses = sense(
            self._view,
            facing=HEADINGS[self.raw.agent_dir],
            turns_left=self.turn_limit - self.turn,
            last_action=None if self.last_action is None else self.last_action.word,
            changed=changed,
            unreadable=unreadable,
        )
        self._witness.look(self._view, self.senses)
        return self.nouns.rename(self.wording.write(self.senses, self._view))

    def _draw_words(self) -> None:
        """Draw what this episode is told in, each kind of words on its own."""
        if "phrasing" in self._drawn:
            share = self.np_random.random()
            name = "sentences" if share < 0.15 else str(self.np_random.choice([*TRAINING_WORDINGS]))
            self.wording = PHRASINGS[name] if share < 0.25 else varied_wording(self.np_random)
        if "nouns" in self._drawn:
            self.nouns = drawn_nouns(self.np_random)
        if "vocabulary" in self._drawn:
            self.action_set = action_set(self._actions, drawn_vocabulary(self.np_random))

    def truth(self) -> dict[str, Any]:
        """The true state of the level."""
        return self._witness.truth()


def _make_level(world_id: str, options: dict[str, Any]) -> MiniGridEnv:
    """The level itself, without gymnasium's wrappers around it."""
    spec = raw_spec(world_id)
    if reason := trouble(world_id):
        raise ValueError(f"the world {world_id!r} cannot be played here: {reason}")
    try:
        level = gymnasium.make(spec, disable_env_checker=True, **options).unwrapped
    except TypeError as error:
        raise ValueError(f"{world_id} does not take these options: {error}") from error
    if not isinstance(level, MiniGridEnv) or level.agent_view_size != SIZE:
        raise ValueError(f"{world_id} is no MiniGrid level with a view of {SIZE} by {SIZE} cells.")
    return level


def _usable(level: MiniGridEnv, words: Iterable[str] | None) -> str | list[str]:
    """The actions of a world: those asked for, or all that the level has a use for.

    Dynamic-Obstacles knows the three moves alone, and takes every other action for a turn left.
    """
    if words is None:
        count = int(level.action_space.n)  # type: ignore[attr-defined]
        return [word for word, action in PLAIN.items() if action < count]
    return words if isinstance(words, str) else list(words)


def _touched(level: MiniGridEnv, action: Action) -> Any:
    """What an action may change: equal before and after it, the action has changed nothing."""
    match action:
        case Action.LEFT | Action.RIGHT:
            return level.agent_dir
        case Action.FORWARD:
            return tuple(level.agent_pos)
        case Action.PICKUP | Action.DROP:
            return level.carrying
        case Action.TOGGLE:
            thing = level.grid.get(*level.front_pos)
            return thing, thing and thing.encode()
        case Action.DONE:
            return None
