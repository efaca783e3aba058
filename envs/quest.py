"""A guide for MiniGrid's own levels: a shortest plan on what has been seen, else towards the new.

The mission becomes a `Quest`. While no plan for it can be made on the map, the plan is for the
nearest thing that shows something new: a look from another pose, or a door opened. Nothing hidden
is used: the walks are longer than those of someone who knows the map, and their reasons are true.

Of a plan that touches something on its way (takes a key, opens a door) only the first touch is
kept, and the body takes the shortest way there: it costs a turn now and then, and each turn has a
reason that can be told.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from envs.actions import Action
from envs.aims import Aim, Step, Verb, purpose
from envs.exploration import revealing
from envs.memory import Memory, Pose, Thing, ahead_of
from envs.planner import Plan, Planner, State, Worth, facing, walk

_MISSIONS = (
    (r"(?P<kind>goal)\b", Verb.GO_TO),
    (r"^open the (?:(?P<colour>\w+) )?(?P<kind>door)$", Verb.OPEN),
    (r"(?:pick up|get|fetch) (?:a|the) (?P<colour>\w+) (?P<kind>key|ball|box)$", Verb.PICK_UP),
    (r"^go to the (?P<colour>\w+) (?P<kind>key|ball|box|door)$", Verb.GO_TO),
)
_TOUCHES = {Action.PICKUP: Verb.PICK_UP, Action.DROP: Verb.PUT_DOWN, Action.TOGGLE: Verb.OPEN}


@dataclass(frozen=True, slots=True)
class Quest:
    """What a mission asks for: `verb` done to a thing of this kind and colour (None: any)."""

    verb: Verb
    kind: str
    colour: str | None = None

    def asks_for(self, thing: Thing) -> bool:
        """Whether this is such a thing."""
        return thing.matches(self.kind, self.colour)

    def worth(self, planner: Planner) -> Worth:
        """1 for the states of a plan in which the quest is fulfilled."""

        def fulfilled(state: State) -> int:
            if self.verb is Verb.PICK_UP:
                return state.carried is not None and self.asks_for(state.carried)
            place = state.pose[0] if self.kind == "goal" else ahead_of(state.pose)
            thing = planner.holds(state, place) if place in planner.cells else None
            if thing is None or not self.asks_for(thing):
                return False
            return self.verb is not Verb.OPEN or thing.state == "open"

        return fulfilled


def read_quest(mission: str) -> Quest:
    """What a MiniGrid mission asks for.

    >>> read_quest("use the key to open the door and then get to the goal")
    Quest(verb=<Verb.GO_TO: 'go to'>, kind='goal', colour='green')
    >>> read_quest("open the door").kind, read_quest("go fetch a red ball").colour
    ('door', 'red')

    Raises ValueError for a mission of another form.
    """
    for pattern, verb in _MISSIONS:
        if found := re.search(pattern, mission):
            named = found.groupdict()
            colour = "green" if named["kind"] == "goal" else named["colour"]
            return Quest(verb, named["kind"], colour)
    raise ValueError(f"expected a mission to go to, open or pick up one thing, got {mission!r}.")


class QuestGuide:
    """Guides through a MiniGrid level."""

    def __init__(self, mission: str) -> None:
        self.quest = read_quest(mission)

    def next_step(self, memory: Memory, last_action: Action | None) -> Step | None:
        """What to do now; None when nothing is left to try."""
        plan = self._plan(memory, self._needs(memory)) or self._plan(memory, lambda _: True)
        if plan is None:
            return None
        if not plan.actions:  # there already: the levels that ask to go somewhere want to be told
            return Step(Action.DONE, Aim(Verb.GO_TO, ahead_of(memory.pose), memory.front))
        aim, touch = self._aim(plan, memory)
        if touch is None or aim.place is None:
            return Step(plan.actions[0], aim)
        way = walk(memory.cells, memory.pose, facing(aim.place))
        return Step(way.actions[0] if way and way.actions else touch, aim)

    def _needs(self, memory: Memory) -> Callable[[Thing], bool]:
        """What is worth picking up: what the quest asks for, and keys to locked doors."""
        things = [thing for thing in memory.cells.values() if thing is not None]
        locked = {thing.colour for thing in things if thing.state == "locked"}

        def wanted(thing: Thing) -> bool:
            asked = self.quest.verb is Verb.PICK_UP and self.quest.asks_for(thing)
            return asked or (thing.kind == "key" and thing.colour in locked)

        return wanted

    def _plan(self, memory: Memory, wanted: Callable[[Thing], bool]) -> Plan | None:
        planner = Planner(memory.cells, wanted)
        start = State(memory.pose, memory.carried)
        known = memory.ever_saw(self.quest.kind, self.quest.colour)
        plan = planner.search(start, self.quest.worth(planner)) if known else None
        return plan or planner.search(start, _news(revealing(memory)))

    def _aim(self, plan: Plan, memory: Memory) -> tuple[Aim, Action | None]:
        """What the plan touches first and how, else where it ends."""
        quest = self.quest
        fulfils = bool(quest.worth(Planner(memory.cells))(plan.states[-1]))
        sought = None if fulfils else (quest.kind, quest.colour)
        for action, state in zip(plan.actions, plan.states, strict=False):
            if action in _TOUCHES:
                place = ahead_of(state.pose)
                thing = memory.cells[place]
                asked = quest.verb is Verb.PICK_UP and thing is not None and quest.asks_for(thing)
                idle = asked or action is not Action.PICKUP
                why = "" if idle else purpose(thing, memory)
                return Aim(_TOUCHES[action], place, thing, why, sought), action
        if sought:
            return Aim(Verb.EXPLORE, sought=sought), None
        pose = plan.states[-1].pose
        place = pose[0] if quest.kind == "goal" else ahead_of(pose)
        return Aim(quest.verb, place, memory.cells[place]), None


def _news(look: Callable[[Pose], int]) -> Worth:
    """Wants a new look, or a door opened on the way."""

    def worth(state: State) -> int:
        opened = any(thing and thing.state == "open" for _, thing in state.changes)
        return look(state.pose) or opened

    return worth
