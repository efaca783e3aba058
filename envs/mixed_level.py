"""The mixed level of GLAM and BALROG: one room, one of five kinds of mission, all from the seed.

Rebuilt on minigrid's own classes after Carta et al. 2023 (GLAM, https://arxiv.org/abs/2302.02662),
whose level BALROG (Paglieri et al. 2024, https://arxiv.org/abs/2411.13543) plays without
distractors. In theirs the kind of mission is drawn when the level is made; here with each episode.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minigrid.core.constants import COLOR_NAMES
from minigrid.core.world_object import Ball, Box, Key, WorldObj
from minigrid.envs.babyai.core.roomgrid_level import RoomGridLevel
from minigrid.envs.babyai.core.verifier import (
    AfterInstr,
    BeforeInstr,
    GoToInstr,
    Instr,
    ObjDesc,
    OpenInstr,
    PickupInstr,
    PutNextInstr,
)

from envs.errors import unknown
from envs.held_out import HELD_OUT

Pair = tuple[str, str]
"""(colour, kind) of an object."""

MOVABLE = ("ball", "box", "key")
TRAINED_KINDS = ("goto", "pickup", "open", "putnext", "sequence")
LESSONS = ("two-visits", "visit-pickup", "swap", "visit-swap", "pickup-putnext")
DOOR_ON_THE_RIGHT = 0


def pairs(combinations: str, kinds: Iterable[str] = MOVABLE) -> list[Pair]:
    """The (colour, kind) pairs that are "train"ed on, "held-out" from it, or "all"."""
    every = [(colour, kind) for kind in kinds for colour in COLOR_NAMES]
    match combinations:
        case "train":
            return [pair for pair in every if pair not in HELD_OUT.combinations]
        case "held-out":
            return [pair for pair in every if pair in HELD_OUT.combinations]
        case "all":
            return every
    raise unknown("object combinations", combinations, ["train", "held-out", "all"])


class MixedLevel(RoomGridLevel):
    """One 8x8 room, or two with a locked door between; everything in it can be reached.

    ================  ====================================================================
    `goto`            "go to the red ball"
    `pickup`          "pick up the red ball"
    `open`            "open the blue door" or "open a door": locked, the key lies in the room
    `putnext`         "put the red ball next to the blue key"
    `sequence`        "pick up the red ball, then go to the blue key", or the same with "after"
    `two-pickups`     "pick up the red ball, then pick up the blue key", or with "after"; held out
    `two-visits`      "go to the red ball, then go to the blue key", or with "after"; a lesson
    `visit-pickup`    "go to the red ball, then pick up the blue key", or with "after"; a lesson
    `swap`            "pick up the red ball", with another thing in hand; a lesson
    `visit-swap`      `visit-pickup`, with another thing in hand; a lesson
    `pickup-putnext`  "pick up the red ball, then put the blue key next to the grey box"; a lesson
    ================  ====================================================================

    Lessons are in neither of the original levels: they are shown beside the trained kinds where a
    mind is to learn what order means, and that full hands must be emptied.
    """

    def __init__(
        self,
        kinds: Iterable[str] = TRAINED_KINDS,
        distractors: int = 8,
        fewest: int | None = None,
        combinations: str = "train",
        room_size: int = 8,
        **kwargs: Any,
    ) -> None:
        """Make a level.

        Args:
            kinds: kinds of mission, one of which is drawn for each episode.
            distractors: objects beside those that the mission is about, 0 to 16.
            fewest: with it, each episode draws how many there are, from so few to `distractors`.
            combinations: "train": no object has a held-out pair of colour and kind; "held-out":
                every object that the mission is about has one; "all": any pairs.
            room_size: cells along a room's side, its walls included.
            kwargs: options of every MiniGrid level.
        """
        self.kinds = tuple(kinds)
        if isinstance(kinds, str) or not self.kinds:
            raise ValueError(f"expected a list of kinds of mission, at least one, got {kinds!r}.")
        for kind in self.kinds:
            if kind not in _MISSIONS:
                raise unknown("kind of mission", kind, _MISSIONS)
        if not 0 <= distractors <= 16:
            raise ValueError(f"distractors must be 0 to 16, got {distractors}.")
        if fewest is not None and not 0 <= fewest <= distractors:
            raise ValueError(f"fewest must be 0 to {distractors} distractors, got {fewest}.")
        if not 8 <= room_size <= 25:
            raise ValueError(f"room_size must be 8 to 25, got {room_size}.")
        self.distractors = distractors
        self.fewest = fewest
        self.target_pairs = pairs(combinations)
        self.door_pairs = pairs(combinations, ["door"])
        self.other_pairs = pairs("train" if combinations == "train" else "all")
        self.held: WorldObj | None = None
        """What the body has in hand when the episode begins."""
        super().__init__(room_size=room_size, num_rows=1, num_cols=1, **kwargs)

    def reset(self, **kwargs: Any) -> Any:
        """Begin an episode, as every level does."""
        reset = super().reset(**kwargs)
        self.carrying = self.held  # type: ignore[assignment]
        return reset

    def _gen_grid(self, width: int, height: int) -> None:
        """Draw the kind of mission, then as many rooms as it needs."""
        self.kind = self._rand_elem(self.kinds)
        self.num_cols = 2 if self.kind == "open" else 1
        self.width = (self.room_size - 1) * self.num_cols + 1
        super()._gen_grid(self.width, height)
        # The stock words are "the door", for there is only one; the original's are "a door".
        self.mission = self.surface.replace("open the door", "open a door")

    def gen_mission(self) -> None:
        """Fill the room and say what to do; raises `RejectSampling` to be asked again."""
        self.place_agent(0, 0)
        self.held = None
        self.instrs = _MISSIONS[self.kind](self)
        count = self.distractors
        if self.fewest is not None:
            count = self._rand_int(self.fewest, count + 1)
        for _ in range(count):
            self._add(self.other_pairs, column=self._rand_int(0, self.num_cols))
        self.check_objs_reachable()

    def _add(self, choices: list[Pair], column: int = 0) -> WorldObj:
        """Put an object of one of these pairs at a random place in a room."""
        colour, kind = self._rand_elem(choices)
        return self.add_object(column, 0, kind, colour)[0]

    def _some(self, count: int) -> list[ObjDesc]:
        """So many objects that cannot be taken for one another."""
        found: list[ObjDesc] = []
        for _ in range(count):
            found.append(_described(self._add(self._others(found))))
        return found

    def _hold(self, asked_for: Sequence[ObjDesc]) -> None:
        """Begin with something in hand that the mission does not ask for."""
        colour, kind = self._rand_elem(self._others(asked_for))
        self.held = _MADE_OF[kind](colour)

    def _others(self, named: Sequence[ObjDesc]) -> list[Pair]:
        taken = {(one.color, one.type) for one in named}
        return [pair for pair in self.target_pairs if pair not in taken]

    def _in_order(self, first: Instr, second: Instr) -> Instr:
        """One thing after the other, said in either order."""
        return BeforeInstr(first, second) if self._rand_bool() else AfterInstr(second, first)

    def _goto(self) -> Instr:
        return GoToInstr(_described(self._add(self.target_pairs)))

    def _pickup(self) -> Instr:
        return PickupInstr(_described(self._add(self.target_pairs)))

    def _open(self) -> Instr:
        colour, _ = self._rand_elem(self.door_pairs)
        self.add_door(0, 0, DOOR_ON_THE_RIGHT, colour, locked=True)
        self.add_object(0, 0, "key", colour)
        return OpenInstr(ObjDesc("door", colour if self._rand_bool() else None))

    def _putnext(self) -> Instr:
        return PutNextInstr(*self._some(2))

    def _sequence(self) -> Instr:
        first, second = self._some(2)
        return self._in_order(PickupInstr(first), GoToInstr(second))

    def _two_visits(self) -> Instr:
        first, second = self._some(2)
        return self._in_order(GoToInstr(first), GoToInstr(second))

    def _visit_pickup(self) -> Instr:
        first, second = self._some(2)
        return self._in_order(GoToInstr(first), PickupInstr(second))

    def _swap(self) -> Instr:
        asked_for = self._some(1)
        self._hold(asked_for)
        return PickupInstr(*asked_for)

    def _visit_swap(self) -> Instr:
        first, second = self._some(2)
        self._hold((first, second))
        return self._in_order(GoToInstr(first), PickupInstr(second))

    def _pickup_putnext(self) -> Instr:
        first, *others = self._some(3)
        return self._in_order(PickupInstr(first), PutNextInstr(*others))

    def _two_pickups(self) -> Instr:
        first, second = self._some(2)
        return self._in_order(PickupInstr(first), PickupInstr(second))


def _described(thing: WorldObj) -> ObjDesc:
    return ObjDesc(thing.type, thing.color)


_MISSIONS: dict[str, Callable[[MixedLevel], Instr]] = {
    "goto": MixedLevel._goto,
    "pickup": MixedLevel._pickup,
    "open": MixedLevel._open,
    "putnext": MixedLevel._putnext,
    "sequence": MixedLevel._sequence,
    "two-pickups": MixedLevel._two_pickups,
    "two-visits": MixedLevel._two_visits,
    "visit-pickup": MixedLevel._visit_pickup,
    "swap": MixedLevel._swap,
    "visit-swap": MixedLevel._visit_swap,
    "pickup-putnext": MixedLevel._pickup_putnext,
}
_MADE_OF: dict[str, Callable[[str], WorldObj]] = {"ball": Ball, "box": Box, "key": Key}
