"""One way to say that a name is not known, and which one may have been meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 24
"""Names listed in a message."""


def unknown(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """The error for a name that is not among `known`, with the nearest known name.

    >>> str(unknown("phrasing", "sentence", ["map", "sentences"]))
    "unknown phrasing 'sentence': did you mean 'sentences'? Known: map, sentences."
    """
    names = sorted(known)
    near = nearest(name, names, cutoff=0.5)
    hint = f" did you mean '{near}'?" if near else ""
    if near and len(names) > _MOST:
        return ValueError(f"unknown {kind} {str(name)!r}:{hint}")
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ValueError(
        f"unknown {kind} {str(name)!r}:{hint} Known: {', '.join(names[:_MOST])}{more}."
    )


def nearest(name: object, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """The known name most like `name`; None where none is alike by at least `cutoff` of 1.

    >>> nearest("exprt", ["expert", "random"]), nearest("gpt2", ["nano", "smollm2"])
    ('expert', None)
    """
    near = get_close_matches(str(name), list(known), n=1, cutoff=cutoff)
    return near[0] if near else None
