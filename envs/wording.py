"""Senses as sentences: one template for each fact, read in both directions.

A `Wording` is nothing but templates, so a new phrasing of the same facts is a few lines of data,
and the same templates that write an observation can read it back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from minigrid.core.constants import OBJECT_TO_IDX

from envs.senses import COLOURS, HEADINGS, SIZE, STATES, Senses, Sighting, View, noun, read_noun


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """A sentence phrasing. What is absent goes unmentioned.

    Holes: `{noun}` is a thing in words, `{a_noun}` the same with its article, `{n}` a number,
    `{place}` an offset such as "2 ahead 1 left", made of steps; `{things}` and `{places}` are
    lists.
    """

    sight: str = "You see {things}."
    blank: str = "You see nothing."
    thing: str = "{a_noun} {place}"
    thing_join: str = ", "
    step: str = "{n} {way}"
    one_step: str = "1 {way}"
    step_join: str = " "
    ways: tuple[str, str, str] | None = ("ahead", "right", "left")
    """Words for forward, right and left. None: the points of the compass."""
    wall: str = "Wall {places}."
    wall_join: str = ", "
    carried: str = "You carry {a_noun}."
    facing: str = "You face {facing}."
    turned_left: str = "You turned left."
    turned_right: str = "You turned right."
    went_forward: str = "You went forward."
    bumped: str = "You went forward, but bumped into {a_noun}."
    picked_up: str = "You picked it up."
    picked_up_nothing: str = "You picked up nothing."
    dropped: str = "You dropped it."
    dropped_nothing: str = "You dropped nothing."
    toggled: str = "You toggled it."
    toggled_nothing: str = "You toggled, but nothing changed."
    done: str = "You said you are done."
    no_action: str = "You named no action; nothing moved."
    unknown_action: str = "That was no action you can take; nothing moved."
    clock: str = "{n} turns left."
    between: str = " "
    """What stands between two sentences."""

    def write(self, senses: Senses, view: View | None = None) -> str:
        """Sight, walls, what is carried, facing, what the last action did, turns left."""
        return self.between.join([*self._sight(senses), *self.body(senses)])

    def _sight(self, senses: Senses) -> Iterator[str]:
        facing = senses.facing
        if senses.sightings:
            things = [_thing(self, sighting, facing) for sighting in senses.sightings]
            yield self.sight.format(things=self.thing_join.join(things))
        else:
            yield self.blank
        walls = [
            (senses.wall_ahead or 0, 0),
            (0, -(senses.wall_left or 0)),
            (0, senses.wall_right or 0),
        ]
        places = [_place(self, *wall, facing) for wall in walls if wall != (0, 0)]
        if places:
            yield self.wall.format(places=self.wall_join.join(places))

    def body(self, senses: Senses) -> Iterator[str]:
        """The sentences about all that is not seen."""
        if senses.carried is not None:
            yield _name(self.carried, noun(*senses.carried))
        yield self.facing.format(facing=senses.facing)
        if senses.unreadable is not None:
            yield getattr(self, _UNREADABLE[senses.unreadable])
        elif senses.last_action is not None:
            motion = getattr(self, _MOTIONS[senses.last_action, bool(senses.changed)])
            yield _name(motion, senses.bumped) if senses.bumped else motion
        yield self.clock.format(n=senses.turns_left)

    def retell(self, thought: str, facing: str) -> str:
        """A thought with what it sees told as here: to repeat what was read is easily learned.

        >>> steps = Wording(step="{n} steps {way}", ways=("forward", "right", "left"))
        >>> told = steps.retell("I see the box 1 ahead 2 left, so I go.", "north")
        >>> told
        'I see the box 1 forward 2 steps left, so I go.'
        >>> steps.restore(told, "north")
        'I see the box 1 ahead 2 left, so I go.'
        """
        return _retold(thought, SENTENCES, self, facing)

    def restore(self, thought: str, facing: str) -> str:
        """The inverse of `retell`."""
        return _retold(thought, self, SENTENCES, facing)

    def parse(self, text: str) -> Senses:
        """The senses that this text tells of; `ValueError` where it cannot be read."""
        absent = {"wall_ahead": None, "wall_left": None, "wall_right": None, "carried": None}
        return Senses(**{**absent, **self.read(text)})

    def read(self, text: str) -> dict[str, Any]:
        """The fields of `Senses` that this text mentions."""
        said = dict(_sentences(self, text))
        if not {"facing", "clock"} <= said.keys():
            raise ValueError(f"cannot read {text!r}: it does not tell both facing and turns left.")
        facts: dict[str, Any] = {
            "facing": said["facing"]["facing"],
            "turns_left": int(said["clock"]["n"]),
        }
        places = _places(self, facts["facing"])
        if "blank" in said:
            facts["sightings"] = ()
        if "sight" in said:
            things = said["sight"]["things"].split(self.thing_join)
            facts["sightings"] = tuple(_read_thing(self.thing, thing, places) for thing in things)
        if "wall" in said:
            for place in said["wall"]["places"].split(self.wall_join):
                ahead, right = _offset(place, places)
                side = "ahead" if ahead else "left" if right < 0 else "right"
                facts[f"wall_{side}"] = ahead or abs(right)
        if "carried" in said:
            facts["carried"] = read_noun(said["carried"]["noun"])[:2]
        if "bumped" in said:
            facts["bumped"] = said["bumped"]["noun"]
        for (action, changed), motion in _MOTIONS.items():
            if motion in said:
                facts |= {"last_action": action, "changed": changed}
        for reason, complaint in _UNREADABLE.items():
            if complaint in said:
                facts["unreadable"] = reason
        return facts


SENTENCES = Wording()
"""The plain phrasing, and that of a plain thought."""

_MOTIONS = {
    ("turn left", True): "turned_left",
    ("turn right", True): "turned_right",
    ("go forward", True): "went_forward",
    ("go forward", False): "bumped",
    ("pick up", True): "picked_up",
    ("pick up", False): "picked_up_nothing",
    ("drop", True): "dropped",
    ("drop", False): "dropped_nothing",
    ("toggle", True): "toggled",
    ("toggle", False): "toggled_nothing",
    ("done", False): "done",
}
"""(canonical action word, whether it changed anything) -> the template that says so."""

_UNREADABLE = {"missing": "no_action", "unknown": "unknown_action"}
"""Why a reply was no action -> the template that says so."""

_READING_ORDER = (
    *("wall", "blank", "sight", "carried", "facing", "clock"),  # narrow templates before wide ones
    *_MOTIONS.values(),
    *_UNREADABLE.values(),
)
_NOUN = (
    rf"(?P<noun>empty cell|(?:(?:{'|'.join(STATES)}) )?(?:(?:{'|'.join(COLOURS)}) )?"
    rf"(?:{'|'.join(OBJECT_TO_IDX)}))"
)
_HOLES = {
    "noun": _NOUN,
    "a_noun": rf"(?:an? )?{_NOUN}",
    "n": r"(?P<n>\d+)",
    "facing": rf"(?P<facing>{'|'.join(HEADINGS)})",
    "place": r"(?P<place>.+)",
    "things": r"(?P<things>[^.\n]+)",
    "places": r"(?P<places>[^.\n]+)",
}

# Writing. There are few things and few places, so each is put into words once.


@cache
def _name(template: str, thing: str) -> str:
    """The template with a thing in its place, and the place left open."""
    article = "" if thing == "lava" else "an " if thing[0] in "aeiou" else "a "
    return template.format(noun=thing, a_noun=article + thing, place="{place}")


@cache
def _thing(wording: Wording, sighting: Sighting, facing: str) -> str:
    place = _place(wording, sighting.ahead, sighting.right, facing)
    return _name(wording.thing, sighting.noun).format(place=place)


@cache
def _place(wording: Wording, ahead: int, right: int, facing: str) -> str:
    onward = HEADINGS.index(facing)
    compass = facing, HEADINGS[(onward + 1) % 4], HEADINGS[(onward - 1) % 4]
    return wording.step_join.join(
        (wording.one_step if n == 1 else wording.step).format(n=n, way=way)
        for n, way in zip((ahead, right, -right), wording.ways or compass, strict=True)
        if n > 0
    )


def _retold(thought: str, old: Wording, new: Wording, facing: str) -> str:
    """What is seen told as `new` does, where it is told as `old` does."""

    def told(found: re.Match[str]) -> str:
        place = _place(new, *_places(old, facing)[found["place"]], facing)
        return new.thing.format(noun=found["thing"], a_noun=found["thing"], place=place)

    return _seen(old, facing).sub(told, thought)


# Reading.


@cache
def _places(wording: Wording, facing: str) -> dict[str, tuple[int, int]]:
    """Every offset in a view by its name."""
    half = SIZE // 2
    offsets = [(ahead, right) for ahead in range(SIZE) for right in range(-half, half + 1)]
    return {_place(wording, *offset, facing): offset for offset in offsets}


@cache
def _seen(wording: Wording, facing: str) -> re.Pattern[str]:
    """A regular expression for what a thought may see, and where."""
    longest_first = sorted(filter(None, _places(wording, facing)), key=len, reverse=True)
    place = rf"(?P<place>{'|'.join(map(re.escape, longest_first))})"
    holes = {"noun": r"(?P<thing>\S.*?)", "a_noun": r"(?P<thing>\S.*?)", "place": place}
    return re.compile(rf"(?<=I see the ){_filled(wording.thing, holes)}(?=[,.])")


def _read_thing(template: str, text: str, places: dict[str, tuple[int, int]]) -> Sighting:
    match = _pattern(template).fullmatch(text)
    if match is None:
        raise ValueError(f"cannot read {text!r} as a thing in view.")
    return Sighting(*read_noun(match["noun"]), *_offset(match["place"], places))


def _offset(text: str, places: dict[str, tuple[int, int]]) -> tuple[int, int]:
    if text not in places:
        raise ValueError(f"cannot read {text!r} as a place in view.")
    return places[text]


def _sentences(wording: Wording, text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(template's name, what fills its holes) for each sentence of the text."""
    position = 0
    while position < len(text):
        for name in _READING_ORDER:
            match = _pattern(getattr(wording, name)).match(text, position)
            if match:
                yield name, match.groupdict()
                position = match.end() + len(wording.between)
                break
        else:
            raise ValueError(f"cannot read the observation from {text[position:]!r} on.")


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """A regular expression for all that a template can say."""
    return re.compile(_filled(template, _HOLES))


def _filled(template: str, holes: dict[str, str]) -> str:
    """A regular expression for a template with these in its holes."""
    parts = re.split(r"\{(\w+)\}", template)  # text, hole, text, hole, ..., text
    return "".join(holes[part] if i % 2 else re.escape(part) for i, part in enumerate(parts))
