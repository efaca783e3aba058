"""Small maps drawn with characters, for tests of memory and planner."""

from envs.memory import Position, Thing

LEGEND: dict[str, Thing | None] = {
    ".": None,
    "#": Thing("wall", "grey"),
    "G": Thing("goal", "green"),
    "~": Thing("lava", "red"),
    "k": Thing("key", "yellow"),
    "b": Thing("ball", "red"),
    "x": Thing("box", "blue"),
    "D": Thing("door", "yellow", "locked"),
    "d": Thing("door", "grey", "closed"),
    "o": Thing("door", "grey", "open"),
}


def draw(*rows: str) -> dict[Position, Thing | None]:
    """The cells of a map; a space is an unseen cell."""
    return {
        (x, y): LEGEND[mark]
        for y, row in enumerate(rows)
        for x, mark in enumerate(row)
        if mark != " "
    }
