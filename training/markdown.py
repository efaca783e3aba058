"""Markdown whose words come from anywhere."""

import re
from collections.abc import Sequence

from envs.display import visible


def plain(text: object) -> str:
    """Words from elsewhere, as they are: nothing in them is Markdown or HTML.

    >>> print(plain("a [link](x) <b>"))
    a \\[link\\](x) \\<b\\>
    """
    return re.sub(r"([\\`*_\[\]<>|$#&])", r"\\\1", visible(str(text)))


def table_lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table: words to the left, numbers to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]
