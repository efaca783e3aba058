"""Demonstrations: a good action each turn, and a thought that says why.

BabyAI's levels are guided by BabyAI's own bot (`envs.bot`), MiniGrid's by shortest plans on what
has been seen (`envs.quest`). Either tells its aim, from which the thought is written
(`envs.thoughts`); both work on the same memory of what was observed (`envs.memory`).
"""

from dataclasses import dataclass, replace
from typing import Protocol

from minigrid.envs.babyai.core.roomgrid_level import RoomGridLevel

from envs.actions import MOVES, Action
from envs.aims import Aim, Step, Verb
from envs.bot import BotGuide
from envs.exploration import looking_round
from envs.grid_world import GridWorld
from envs.memory import Memory
from envs.quest import QuestGuide
from envs.thoughts import Told, tell, think

_BOXED = "its keys lie in boxes, which the planner never opens, some behind things in the way"
CANNOT: dict[str, str] = {
    "BabyAI-KeyInBox": "the key lies in a box, and BabyAI's bot opens none",
    "BabyAI-UnlockToUnlock": "between two locked doors BabyAI's bot goes in circles",
    "BabyAI-OpenDoorsOrderN2Debug": "it counts the first door, opened, as a wrong second one",
    "BabyAI-OpenDoorsOrderN4Debug": "it counts the first door, opened, as a wrong second one",
    "MiniGrid-BlockedUnlockPickup": "things in the way can be put in too many places to search",
    "MiniGrid-Dynamic-Obstacles": "where things move by themselves, what was seen is soon untrue",
    "MiniGrid-Memory": "it asks which of two things is like a third, and no guide compares",
    "MiniGrid-ObstructedMaze-1Dlh": _BOXED,
    "MiniGrid-ObstructedMaze-2Dlh": _BOXED,
    "MiniGrid-ObstructedMaze-1Q": _BOXED,
    "MiniGrid-ObstructedMaze-2Q": _BOXED,
    "MiniGrid-ObstructedMaze-Full": _BOXED,
    "MiniGrid-Playground": "it has no mission",
    "MiniGrid-PutNear": "its mission is about two things, and the planner's quests about one",
    "MiniGrid-RedBlueDoors": "its mission is about two things, and the planner's quests about one",
}
"""Levels that no expert can do, by how their names begin, and why. Measured by
`python -m scripts.experts`: all others measured succeed in 19 or 20 of 20."""


ALL_ROUND = 4
"""So many looks, each after a turn, show all there is to see from a place."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What an expert would do on this turn.

    >>> Advice("I see the red ball 2 ahead, so I go forward.", "go forward").stuck
    False
    """

    thought: str
    action: str
    """A word that the world accepts."""
    stuck: bool = False
    """True when the expert knows nothing to do: action and thought only pass the turn."""


class Guide(Protocol):
    """Chooses the steps of an episode."""

    def next_step(self, memory: Memory, last_action: Action | None) -> Step | None:
        """What to do now; None when nothing is known to do.

        last_action: what was done last, None on the first turn; `Action.DONE` for an unreadable
        reply, which like it moves nothing.
        """


class Expert:
    """Advises through one episode.

    Make it when the world has been reset, and call `advise` once a turn; then step the world with
    the advice or with any other action. What counts is what was done, not what was advised.
    """

    def __init__(self, world: GridWorld) -> None:
        """Raises ValueError for a mission that no guide understands."""
        self.world = world
        self.memory = Memory()
        """All that was observed, up to the last advice."""
        level = world.raw
        babyai = isinstance(level, RoomGridLevel)
        self._guide: Guide = BotGuide(level) if babyai else QuestGuide(level.mission)
        self._step: Step | None = None
        self._told = self._before = Told()

    def advise(self) -> Advice:
        """What to do now, and why, in words that hold of what was observed so far."""
        world, memory = self.world, self.memory
        memory.observe(world.raw)
        taken = Action.DONE if world.last_action is None else world.last_action
        step = self._guide.next_step(memory, None if self._step is None else taken)
        can = world.action_set.actions
        stuck = step is None or step.action not in can
        if step is None or stuck:
            step = Step(can[0], Aim(Verb.EXPLORE))
        self._before, self._told = self._told, tell(step.aim, memory, self._told)
        knowable = _knowable(step, self._told, memory, taken)
        self._step = step = replace(step, action=knowable if knowable in can else step.action)
        return self._advice(step, step.action, stuck)

    def instead(self, action: Action) -> Advice:
        """The last advice overruled: the body does something else, and the thought says so.

        What it says of the world holds all the same.
        """
        assert self._step is not None, "there is no advice yet"
        return self._advice(self._step, action)

    def unthink(self) -> None:
        """The next advice is for one who did not think the last one: the thought before is still
        the last."""
        self._told = self._before

    def _advice(self, step: Step, action: Action, stuck: bool = False) -> Advice:
        """What is done, in the world's own words."""
        thought = self.world.in_own_words(think(step, self.memory, self._told, action))
        return Advice(thought, self.world.action_set.word(action), stuck)


def _knowable(step: Step, told: Told, memory: Memory, taken: Action) -> Action:
    """The step's action; but who is not told where to look looks round first, always the same way,
    whatever the map says: one who imitates it has no map.

    taken: the last action.
    """
    thing, sought = step.aim.thing, step.aim.sought
    another = thing is not None and memory.sees(thing.kind, thing.colour)
    another = another or (sought is not None and memory.sees(*sought))
    lost = told.place is None and 0 < told.looks < ALL_ROUND
    if not lost or another or step.action not in MOVES:
        return step.action
    return looking_round(memory, taken is Action.LEFT, step.aim.place) or step.action


def expert_for(world: GridWorld) -> Expert:
    """An expert for the episode that a world stands in.

    Raises ValueError where no expert can do the level; the message says why.
    """
    if reason := cannot(world.name):
        raise ValueError(f"there is no expert for {world.name}: {reason}.")
    return Expert(world)


def cannot(world_id: str) -> str | None:
    """Why no expert can do a level; None where one can."""
    return next((why for start, why in CANNOT.items() if world_id.startswith(start)), None)
