"""BabyAI's own bot as a guide: it chooses the subgoal, our planner walks there.

The bot keeps a stack of subgoals and looks only at cells it has seen. Its walks count cells, not
turns of the body, and turn around by walls it may not see; so where its top subgoal is a walk, the
shortest one in turns over what was seen is taken instead: "2 ahead 1 left" then settles the action.
What the planner has no answer to (things in the way, doors to open) stays the bot's to do. It is
told each turn what was really done, so that it can be overruled.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from minigrid.core.world_object import WorldObj
from minigrid.envs.babyai.core.verifier import ObjDesc, PickupInstr
from minigrid.utils.baby_ai_bot import (
    BabyAIBot,
    CloseSubgoal,
    DisappearedBoxError,
    DropSubgoal,
    GoNextToSubgoal,
    OpenSubgoal,
    PickupSubgoal,
    Subgoal,
)

from envs.actions import Action
from envs.aims import Aim, Description, Step, Verb, purpose
from envs.exploration import revealing
from envs.memory import DIRECTIONS, Memory, Pose, Position, ahead_of, offset, turned
from envs.planner import facing, facing_beside, walk
from envs.progress import last_done, remaining, takes_several_steps
from envs.thoughts import side

PATIENCE = 200
"""Searches for a way in one turn, after which the bot is taken to go in circles: it may look for
the key to one locked door behind another, and for that one's behind the first."""


class _Bot(BabyAIBot):
    """The bot, but it drops what it picked up only for what comes later, and breaks where it would
    think forever."""

    searches = 0

    def _process_instr(self, instruction: Any) -> None:
        needs_hands = any(not isinstance(later, GoNextToSubgoal) for later in self.stack)
        if not isinstance(instruction, PickupInstr) or needs_hands:
            super()._process_instr(instruction)
        else:
            self.stack += [PickupSubgoal(self), GoNextToSubgoal(self, instruction.desc)]

    def replan(self, action_taken: Any = None) -> Any:
        self.searches = 0
        return super().replan(action_taken)

    def _shortest_path(self, *args: Any, **kwargs: Any) -> Any:
        self.searches += 1
        assert self.searches <= PATIENCE, "the bot goes in circles"
        return super()._shortest_path(*args, **kwargs)


class BotGuide:
    """Guides through a BabyAI level."""

    def __init__(self, raw: Any) -> None:
        """raw: a `RoomGridLevel`, whose instructions minigrid does not declare."""
        self.raw = raw
        self.bot = _Bot(raw)
        self._last_aim: Aim | None = None
        self._emptied: Position | None = None
        """where something was picked up last"""

    def next_step(self, memory: Memory, last_action: Action | None) -> Step | None:
        """What to do now; None when the bot has lost its way and nothing new can be seen either.

        last_action: what was done last, None on the first turn; `Action.DONE` for an unreadable
        reply, which like it moves nothing.
        """
        if last_action is Action.DROP:
            self._dropped(memory)
        if last_action is Action.PICKUP:
            self._emptied = ahead_of(memory.pose)
        action = self._replan(last_action)
        if action is None:
            self._start_again(memory)
            action = self._replan(None)
        step = self._look_around(memory) if action is None else self._step(memory, action)
        if step is None:
            return None
        if step.aim.verb is Verb.PUT_DOWN:
            action = _putting_down(memory, step.action, last_action, self._emptied)
            step = replace(step, action=action)
        self._last_aim = step.aim
        return replace(step, aim=replace(step.aim, done=last_done(self.raw.instrs, memory)))

    def _replan(self, last_action: Action | None) -> Action | None:
        """The bot's own choice; None where it breaks, as it does on states it did not foresee."""
        try:
            action = self.bot.replan(last_action)
        except (AssertionError, AttributeError, DisappearedBoxError, TypeError):
            return None
        return Action(int(action)) if self.bot.stack else None

    def _start_again(self, memory: Memory) -> None:
        """A fresh bot for what remains of the mission, with all that was seen so far."""
        self.bot = _Bot(self.raw)
        self.bot.stack.clear()
        self.bot._process_instr(remaining(self.raw.instrs))
        for place in memory.cells:
            self.bot.vis_mask[place] = True
        if memory.carried:
            place = self.bot._find_drop_pos()
            self.bot.stack += [DropSubgoal(self.bot), GoNextToSubgoal(self.bot, place)]

    def _dropped(self, memory: Memory) -> None:
        """The bot was on its way to a place where to put something down; it lies in front now."""
        walk_to, below = self.bot.stack[-1], self.bot.stack[-2:-1]
        walks = isinstance(walk_to, GoNextToSubgoal) and walk_to.reason != "PutNext"
        if walks and not memory.carried and below and isinstance(below[0], DropSubgoal):
            planned = self._place(walk_to)
            self.bot.stack.pop()
            for later in self.bot.stack:
                if isinstance(later, GoNextToSubgoal) and self._place(later) == planned:
                    later.datum = ahead_of(memory.pose)

    def _look_around(self, memory: Memory) -> Step | None:
        """For want of a plan, the shortest way to see something new."""
        way = walk(memory.cells, memory.pose, revealing(memory))
        return Step(way.actions[0], Aim(Verb.EXPLORE, sought=self._sought())) if way else None

    def _step(self, memory: Memory, action: Action) -> Step:
        """The bot's choice, its walks replaced by ours."""
        top = self.bot.stack[-1]
        if not isinstance(top, GoNextToSubgoal):
            return Step(action, self._handling(memory, top))
        place = None if top.is_exploratory() else self._place(top)
        beside = top.reason == "PutNext"
        if place is None or place not in memory.cells:
            aim, worth = Aim(Verb.EXPLORE, sought=self._sought()), revealing(memory)
        elif beside:
            aim = Aim(Verb.PUT_NEXT, place, memory.cells[place])
            worth = facing_beside(memory.cells, place)
        else:
            aim, worth = self._walking(memory, place), facing(place)
        way = walk(memory.cells, memory.pose, worth)
        if not way or not way.actions:
            return Step(action, aim)
        if place is not None and place in memory.cells and place not in memory.in_view:
            return Step(_toward(memory, place, worth, len(way.actions)) or way.actions[0], aim)
        return Step(way.actions[0], aim)

    def _place(self, walk_to: GoNextToSubgoal) -> Position | None:
        datum = walk_to.datum
        if isinstance(datum, ObjDesc):
            datum = self.bot._find_obj_pos(datum, walk_to.reason == "PutNext")[1]
        elif isinstance(datum, WorldObj):
            datum = datum.cur_pos
        return None if datum is None else (int(datum[0]), int(datum[1]))

    def _walking(self, memory: Memory, place: Position) -> Aim:
        """The aim of a walk: what the bot will do where it ends."""
        below = self.bot.stack[-2] if len(self.bot.stack) > 1 else None
        thing = memory.cells[place]
        if isinstance(below, PickupSubgoal):
            return self._picking(memory, place, self.bot.stack[:-2])
        if isinstance(below, OpenSubgoal):
            # A door that the mission names is described; one opened to explore is a known thing.
            explores = isinstance(self.bot.stack[-1].datum, WorldObj)
            sought = self._sought(self.bot.stack[:-2]) if explores else None
            return Aim(Verb.OPEN, place, thing, sought=sought)
        if isinstance(below, DropSubgoal):
            return Aim(Verb.PUT_DOWN, place)
        return Aim(Verb.GO_TO, place, thing)

    def _handling(self, memory: Memory, top: Subgoal) -> Aim:
        """The aim of doing something to what is in front."""
        front, place, last = memory.front, ahead_of(memory.pose), self._last_aim
        if isinstance(top, PickupSubgoal):
            return self._picking(memory, place, self.bot.stack[:-1])
        if isinstance(top, OpenSubgoal):
            sought = last.sought if last and last.verb is Verb.OPEN else None
            return Aim(Verb.OPEN, place, front, sought=sought)
        if isinstance(top, CloseSubgoal):
            return Aim(Verb.CLOSE, place, front)
        return last if last and last.verb is Verb.PUT_NEXT else Aim(Verb.PUT_DOWN, place)

    def _picking(self, memory: Memory, place: Position, below: list[Subgoal]) -> Aim:
        """Picking up: because the mission says so, for a locked door, or to clear the way."""
        thing = memory.cells[place]
        why = below[-1] if below else None
        if isinstance(why, GoNextToSubgoal) and not isinstance(why.datum, ObjDesc):
            return Aim(Verb.PICK_UP, place, thing, purpose(thing, memory), self._sought(below))
        several = takes_several_steps(self.raw.instrs) and thing != memory.front
        return Aim(Verb.PICK_UP, place, thing, "to pick it up" if several else "")

    def _sought(self, stack: list[Subgoal] | None = None) -> Description | None:
        """What the next walk of the stack is after, if it is described rather than known."""
        for subgoal in reversed(self.bot.stack if stack is None else stack):
            if isinstance(subgoal, GoNextToSubgoal) and isinstance(subgoal.datum, ObjDesc):
                return subgoal.datum.type, subgoal.datum.color
        return None


def _toward(
    memory: Memory, place: Position, worth: Callable[[Pose], int], shortest: int
) -> Action | None:
    """The turn to something out of view, where the way is a turn longer so at most.

    Who looks for it knows the side that it is on, and not the map: all go the same way then.

    shortest: turns that the way takes.
    """
    where_to = side(*offset(memory.pose, place))
    if where_to == "ahead of me":
        return None
    turn = Action.LEFT if where_to == "to my left" else Action.RIGHT
    way = walk(memory.cells, turned(memory.pose, 1 if turn is Action.RIGHT else -1), worth)
    return turn if way and len(way.actions) <= shortest else None


def _putting_down(
    memory: Memory, chosen: Action, last_action: Action | None, emptied: Position | None
) -> Action:
    """How to get rid of what is carried: put it down ahead, or turn on until it can be.

    The bot walks to where it would be least in the way, which only its map tells. Not where it was
    picked up (`emptied`), if there is room elsewhere or that was just now: it may have been in the
    way there. The bot's own choice where there is no other room.
    """
    ahead, right, behind, left = (ahead_of(turned(memory.pose, turns)) for turns in range(4))
    rooms = {one for one in (right, behind, left) if one != emptied and _has_room(memory, one)}
    anywhere = ahead != emptied or (rooms and last_action is not Action.PICKUP)
    if anywhere and _has_room(memory, ahead):
        return Action.DROP
    if not rooms:
        return chosen
    if last_action in (Action.LEFT, Action.RIGHT):
        return last_action
    return Action.LEFT if left in rooms else Action.RIGHT


def _has_room(memory: Memory, place: Position) -> bool:
    """Whether something can be put down at a place: on known, free floor, and not before a door."""
    x, y = place
    near = [memory.cells.get((x + dx, y + dy)) for dx, dy in DIRECTIONS]
    free = place in memory.cells and memory.cells[place] is None
    return free and not any(thing and thing.kind == "door" for thing in near)
