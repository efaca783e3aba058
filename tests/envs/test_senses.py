"""Senses and phrasings, against the encoded view read with nothing but MiniGrid's own tables."""

from collections.abc import Iterator
from itertools import takewhile

import numpy as np
import pytest
from minigrid.core.constants import COLOR_TO_IDX, IDX_TO_COLOR, IDX_TO_OBJECT, OBJECT_TO_IDX

import envs
from envs.nouns import NOUNS
from envs.phrasing import PHRASINGS, TRAINING_WORDINGS
from envs.senses import HEADINGS, Senses, Sighting, View, noun, read_noun, sense
from envs.text_world import EpisodeStatus
from envs.wording import Wording

States = list[tuple[Senses, View]]
PLAYED = (
    "goto-local",
    "putnext-local",
    "unlock-pickup",
    "mixed",
    "lavagap",
    "MiniGrid-LavaCrossingS11N5-v0",
    "MiniGrid-FourRooms-v0",
    "MiniGrid-Dynamic-Obstacles-8x8-v0",
    "BabyAI-BossLevel-v0",
    "BabyAI-PutNextS7N4Carrying-v0",
)


def imagined_views(count: int, seed: int = 0) -> Iterator[View]:
    """Views that no level shows: any thing anywhere, coloured walls, an object in hand or none."""
    random = np.random.default_rng(seed)
    kinds = [OBJECT_TO_IDX[kind] for kind in OBJECT_TO_IDX if kind not in ("goal", "lava", "agent")]
    for _ in range(count):
        share = random.uniform(0.05, 0.9)
        kind = np.where(random.random((7, 7)) < share, random.choice(kinds, (7, 7)), 1)
        kind[random.random((7, 7)) < 0.1] = OBJECT_TO_IDX["lava"]
        kind[3, 5] = max(kind[3, 5], 1)  # the cell in front is always in view
        kind[3, 6] = random.choice([1, 5, 6, 7])
        view = np.stack([kind, random.integers(0, 6, (7, 7)), random.integers(0, 3, (7, 7))], -1)
        view[kind <= 1] = view[kind <= 1] * (1, 0, 0)
        view[kind == OBJECT_TO_IDX["lava"], 1] = COLOR_TO_IDX["red"]
        view[kind != OBJECT_TO_IDX["door"], 2] = 0
        yield view.astype(np.uint8)


def imagined(count: int) -> Iterator[tuple[Senses, View]]:
    """Senses of imagined views, with every motion and every complaint."""
    motions = [
        {},
        {"unreadable": "missing"},
        {"unreadable": "unknown"},
        {"last_action": "turn left", "changed": True},
        {"last_action": "turn right", "changed": True},
        {"last_action": "done", "changed": False},
        *({"last_action": word, "changed": changed}
          for word in ("go forward", "pick up", "drop", "toggle") for changed in (True, False)),
    ]  # fmt: skip
    for i, view in enumerate(imagined_views(count)):
        facing, turns_left = HEADINGS[i % 4], i * 7
        yield sense(view, facing=facing, turns_left=turns_left, **motions[i % len(motions)]), view


def lived(worlds: tuple[str, ...] = PLAYED, turns: int = 150) -> Iterator[tuple[Senses, View]]:
    """Senses of random play."""
    for name in worlds:
        world = envs.make(name)
        random = np.random.default_rng(0)
        replies = (*world.action_words, "go forward", "go forward", "", "fly")
        for turn in range(turns):
            if world.status is not EpisodeStatus.RUNNING:
                world.reset(seed=turn)
            else:
                world.step(str(random.choice(replies)))
            yield world.senses, world.raw.gen_obs()["image"]


@pytest.fixture(scope="module")
def states() -> States:
    """Some thousands of senses, each with the view it was sensed from."""
    return [*imagined(1000), *lived()]


def promised(view: View) -> dict[str, object]:
    """What sentences promise to tell of a view, found the slow and obvious way."""

    def at(ahead: int, right: int) -> tuple[str, str, str | None]:
        kind, colour, state = view[3 + right, 6 - ahead]
        door = ["open", "closed", "locked"][state] if IDX_TO_OBJECT[kind] == "door" else None
        return IDX_TO_OBJECT[kind], IDX_TO_COLOR[colour], door

    def wall(line: list[tuple[int, int]]) -> int | None:
        free = len(list(takewhile(lambda cell: at(*cell)[0] in ("empty", "floor"), line)))
        return free + 1 if free < len(line) and at(*line[free])[0] == "wall" else None

    cells = [(ahead, right) for ahead in range(7) for right in range(-3, 4)]
    scenery = ("unseen", "empty", "wall", "floor")
    return {
        "sightings": {
            (*at(*cell), *cell) for cell in cells if cell != (0, 0) and at(*cell)[0] not in scenery
        },
        "wall_ahead": wall([(n, 0) for n in range(1, 7)]),
        "wall_left": wall([(0, -n) for n in range(1, 4)]),
        "wall_right": wall([(0, n) for n in range(1, 4)]),
        "carried": None if at(0, 0)[0] == "empty" else at(0, 0)[:2],
    }


@pytest.mark.parametrize("name", sorted(set(PHRASINGS) - {"map"}))
def test_sentences_tell_what_the_view_shows(name: str, states: States) -> None:
    phrasing = PHRASINGS[name]
    for senses, view in states:
        told = phrasing.parse(phrasing.write(senses, view))
        seen = [(s.kind, s.colour, s.state, s.ahead, s.right) for s in told.sightings]
        facts = {fact: getattr(told, fact) for fact in promised(view)} | {"sightings": set(seen)}
        assert len(set(seen)) == len(seen)
        assert facts == promised(view)
        assert told == senses


def test_the_map_loses_nothing(states: States) -> None:
    phrasing = PHRASINGS["map"]
    for senses, view in states:
        text = phrasing.write(senses, view)
        assert (phrasing.view(text) == view).all()
        assert phrasing.parse(text) == senses


def test_things_are_told_nearest_first(states: States) -> None:
    for senses, _ in states:
        distances = [sighting.distance for sighting in senses.sightings]
        assert distances == sorted(distances)


def test_the_states_show_everything(states: States) -> None:
    """Otherwise the tests above would prove little."""
    for fact in ("wall_ahead", "wall_left", "wall_right", "carried", "bumped", "unreadable"):
        assert {getattr(senses, fact) is None for senses, _ in states} == {True, False}
    kinds = {sighting.kind for senses, _ in states for sighting in senses.sightings}
    assert kinds == {"ball", "box", "key", "door", "goal", "lava"}
    assert {senses.facing for senses, _ in states} == set(HEADINGS)
    assert any(not senses.sightings for senses, _ in states)


def example() -> Senses:
    """The scene of the next tests."""
    return Senses(
        sightings=(
            Sighting("ball", "red", None, 2, -1),
            Sighting("key", "blue", None, 3, 0),
            Sighting("door", "green", "closed", 4, 2),
            Sighting("lava", "red", None, 0, 3),
        ),
        wall_ahead=None,
        wall_left=2,
        wall_right=1,
        carried=("box", "grey"),
        facing="north",
        turns_left=34,
        last_action="turn left",
        changed=True,
    )


def test_a_scene_in_every_wording() -> None:
    written = {
        name: phrasing.write(example())
        for name, phrasing in PHRASINGS.items()
        if isinstance(phrasing, Wording)
    }
    assert written == {
        "sentences": (
            "You see a red ball 2 ahead 1 left, a blue key 3 ahead, a closed green door 4 ahead "
            "2 right, lava 3 right. Wall 2 left, 1 right. You carry a grey box. You face north. "
            "You turned left. 34 turns left."
        ),
        "steps": (
            "You see a red ball 2 steps forward and 1 step left; a blue key 3 steps forward; a "
            "closed green door 4 steps forward and 2 steps right; lava 3 steps right. You see a "
            "wall 2 steps left; a wall 1 step right. You are carrying a grey box. You are looking "
            "north. You have turned left. You have 34 turns left."
        ),
        "list": (
            "seen: red ball (2 ahead, 1 left); blue key (3 ahead); closed green door (4 ahead, "
            "2 right); lava (3 right)\nwalls: 2 left, 1 right\ncarried: grey box\nfacing: north\n"
            "last: turned left\nturns left: 34"
        ),
        "story": (
            "I notice a red ball, 2 paces onward and one pace to my left and then a blue key, "
            "3 paces onward and then a closed green door, 4 paces onward and 2 paces to my right "
            "and then lava, 3 paces to my right. A wall blocks me 2 paces to my left, one pace to "
            "my right. In my hands is a grey box. My nose points north. I have just turned to the "
            "left. I may act 34 more times."
        ),
        "compass": (
            "In sight: red ball 2 to the north, 1 to the west; blue key 3 to the north; closed "
            "green door 4 to the north, 2 to the east; lava 3 to the east. Nearest wall: 2 to the "
            "west; 1 to the east. Holding grey box. Looking north. Rotated anticlockwise. Actions "
            "remaining: 34."
        ),
        "french": (
            "Tu vois a red ball 2 pas devant et un pas à gauche, a blue key 3 pas devant, a closed "
            "green door 4 pas devant et 2 pas à droite, lava 3 pas à droite. Le mur est 2 pas à "
            "gauche, un pas à droite. Tu portes a grey box. Tu regardes vers : north. Tu as tourné "
            "à gauche. Il te reste 34 tours."
        ),
    }
    assert NOUNS["french"].rename(written["french"]) == (
        "Tu vois une balle rouge 2 pas devant et un pas à gauche, une clé bleue 3 pas devant, une "
        "porte verte fermée 4 pas devant et 2 pas à droite, lave 3 pas à droite. Le mur est 2 pas "
        "à gauche, un pas à droite. Tu portes une boîte grise. Tu regardes vers : nord. Tu as "
        "tourné à gauche. Il te reste 34 tours."
    )


def test_a_scene_in_a_mirror() -> None:
    assert NOUNS["mirrored"].rename(PHRASINGS["sentences"].write(example())) == (
        "You see a red ball 2 ahead 1 right, a blue key 3 ahead, a closed green door 4 ahead "
        "2 left, lava 3 left. Wall 2 right, 1 left. You carry a grey box. You face north. "
        "You turned right. 34 turns left."
    )
    assert "Rotated clockwise." in NOUNS["mirrored"].rename(PHRASINGS["compass"].write(example()))


def test_enough_wordings() -> None:
    wordings = [name for name, phrasing in PHRASINGS.items() if isinstance(phrasing, Wording)]
    assert len(wordings) >= 4
    assert set(TRAINING_WORDINGS) < set(wordings)


def test_a_map() -> None:
    view = np.zeros((7, 7, 3), np.uint8)
    view[:, 4:, 0] = OBJECT_TO_IDX["empty"]
    view[1] = (OBJECT_TO_IDX["wall"], COLOR_TO_IDX["grey"], 0)
    view[3, 5] = (OBJECT_TO_IDX["door"], COLOR_TO_IDX["green"], 2)
    view[5, 6] = (OBJECT_TO_IDX["ball"], COLOR_TO_IDX["red"], 0)
    senses = sense(view, facing="east", turns_left=3)
    assert PHRASINGS["map"].write(senses, view).splitlines() == [
        *["? # ? ? ? ? ?"] * 4,
        ". # . . . . .",
        ". # . locked-green-door . . .",
        ". # . you . red-ball .",
        "You face east. 3 turns left.",
    ]


@pytest.mark.parametrize("text", ["", "You see a dragon 2 ahead.", "You face up. 3 turns left."])
@pytest.mark.parametrize("name", sorted(PHRASINGS))
def test_what_was_never_written_cannot_be_read(name: str, text: str) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        PHRASINGS[name].parse(text)


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (("ball", "red", None), "red ball"),
        (("door", "blue", "locked"), "locked blue door"),
        (("wall", "grey", None), "wall"),
        (("wall", "blue", None), "blue wall"),
        (("lava", "red", None), "lava"),
    ],
)
def test_nouns(thing: tuple[str, str, str | None], text: str) -> None:
    assert noun(*thing) == text
    assert read_noun(text) == thing
