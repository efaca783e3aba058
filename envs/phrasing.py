"""The phrasings of an observation, by name.

A *sentence* phrasing tells what a body senses; each tells the same facts in its own words. The
*map* shows the view cell by cell and loses nothing of it. Every phrasing can read its own text
back, which is how tests know that nothing is lost and nothing made up.
"""

from typing import Any, Protocol

from envs.cell_map import CellMap
from envs.held_out import HELD_OUT
from envs.senses import Senses, View
from envs.wording import SENTENCES, Wording


class Phrasing(Protocol):
    """A way to put senses into words."""

    def write(self, senses: Senses, view: View) -> str:
        """The observation as text. `view` is what `senses` were sensed from."""

    def retell(self, thought: str, facing: str) -> str:
        """A thought with what it sees told as observations are; `facing` as it is thought."""

    def restore(self, thought: str, facing: str) -> str:
        """The inverse of `retell`."""

    def parse(self, text: str) -> Senses:
        """The inverse of `write`; `ValueError` for a text that it cannot have written."""


STEPS = Wording(
    thing_join="; ",
    step="{n} steps {way}",
    one_step="1 step {way}",
    step_join=" and ",
    ways=("forward", "right", "left"),
    wall="You see a wall {places}.",
    wall_join="; a wall ",
    carried="You are carrying {a_noun}.",
    facing="You are looking {facing}.",
    turned_left="You have turned left.",
    turned_right="You have turned right.",
    went_forward="You have moved forward.",
    bumped="You could not move forward: {a_noun} is in the way.",
    picked_up="You have picked something up.",
    picked_up_nothing="There was nothing you could pick up.",
    dropped="You have put something down.",
    dropped_nothing="You could not put anything down.",
    toggled="You have used what is in front of you.",
    toggled_nothing="Using what is in front of you had no effect.",
    done="You have declared that you are done.",
    no_action="You gave no action, so nothing happened.",
    unknown_action="You gave an unknown action, so nothing happened.",
    clock="You have {n} turns left.",
)
LIST = Wording(
    sight="seen: {things}",
    blank="seen: nothing",
    thing="{noun} ({place})",
    thing_join="; ",
    step_join=", ",
    wall="walls: {places}",
    carried="carried: {noun}",
    facing="facing: {facing}",
    turned_left="last: turned left",
    turned_right="last: turned right",
    went_forward="last: went forward",
    bumped="last: bumped into {noun}",
    picked_up="last: picked it up",
    picked_up_nothing="last: picked up nothing",
    dropped="last: dropped it",
    dropped_nothing="last: dropped nothing",
    toggled="last: toggled it",
    toggled_nothing="last: toggled without effect",
    done="last: done",
    no_action="last: no action",
    unknown_action="last: impossible action",
    clock="turns left: {n}",
    between="\n",
)


def _held_out(fields: dict[str, Any]) -> Wording:
    """A wording from the file of what is held out; JSON has lists where we have tuples."""
    return Wording(**{**fields, "ways": fields["ways"] and tuple(fields["ways"])})


TRAINING_WORDINGS = {"sentences": SENTENCES, "steps": STEPS, "list": LIST}
"""The sentence phrasings that `phrasing="drawn"` draws from."""

PHRASINGS: dict[str, Phrasing] = {
    **TRAINING_WORDINGS,
    "map": CellMap(SENTENCES),
    **{name: _held_out(fields) for name, fields in HELD_OUT.phrasings.items()},
}
"""Every phrasing by name; those of `HELD_OUT.phrasings` are for testing only."""
