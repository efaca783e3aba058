"""Colours and sizes: one dark palette, told apart without red and green, and one type scale."""

Colour = tuple[int, int, int]

GROUND: Colour = (18, 21, 27)
CARD: Colour = (27, 32, 40)
EDGE: Colour = (46, 54, 66)
INK: Colour = (229, 233, 240)
SOFT: Colour = (154, 165, 180)
FAINT: Colour = (94, 105, 120)
SKY: Colour = (86, 180, 233)
"""Sure, true, good: the blue of Okabe and Ito, https://jfly.uni-koeln.de/color/"""
AMBER: Colour = (230, 159, 0)
"""Unsure, false, bad: their orange."""
SAND: Colour = (240, 228, 166)
"""The agent's own: its path, its action."""

TITLE, BODY, SMALL = 20, 16, 13
"""Heights of letters at a scale of 1, in pixels."""


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two.

    >>> mix((0, 0, 0), (200, 100, 50), 0.5)
    (100, 50, 25)
    """
    share = min(max(share, 0.0), 1.0)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def sureness(probability: float) -> Colour:
    """The colour of a token that was drawn with this probability: amber where it was a gamble.

    >>> sureness(1.0) == INK
    True
    """
    return mix(AMBER, INK, probability**0.5)
