"""Text from elsewhere, made fit to be shown."""

MOST = 2000
"""Characters of one text that are shown."""


def encodable(text: str) -> str:
    """A text that UTF-8 can carry: half of a surrogate pair becomes `?`.

    >>> encodable("a \\ud800 é")
    'a ? é'
    """
    return text if text.isascii() else text.encode(errors="replace").decode()


def visible(text: str) -> str:
    """A text whose characters all show, and do nothing else.

    A model writes what it likes, and a world's words may come from a stranger. Escape codes would
    move a terminal's cursor, colour what follows or retitle its window; marks of direction would
    turn around what stands beside them. Here they are written out, and so is all else that is no
    printable character; line ends become blanks. What is longer than `MOST` is cut.

    >>> visible("red \\x1b[31mball\\u202e\\n")
    'red \\\\x1b[31mball\\\\u202e '
    """
    shown = "".join(
        sign if sign.isprintable() else " " if sign in "\n\r\t" else ascii(sign)[1:-1]
        for sign in text[:MOST]
    )
    return shown if len(text) <= MOST else f"{shown} ... ({len(text):,} characters)"
