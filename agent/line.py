"""A line that is typed: what a key does to it."""

from collections.abc import Sequence
from dataclasses import replace

from envs.viewer.command import Command
from envs.viewer.scene import Typing


def edited(typing: Typing, command: Command, words: Sequence[str] = ()) -> Typing:
    """The line after a key.

    Args:
        command: `type`, `delete`, `complete`, or an `arrow` that moves the caret.
        words: what the line may be completed to.

    >>> edited(Typing("", "turn"), Command("type", text="s"))
    Typing(title='', text='turns', hint='', caret=5)
    """
    before, behind = typing.text[: typing.place], typing.text[typing.place :]
    caret = typing.place
    match command.name:
        case "type":
            before += " ".join(command.text.split("\n"))
            caret = len(before)
        case "delete":
            before = before[:-1]
            caret = len(before)
        case "complete":
            stem = typing.text.rpartition(">")[2].lstrip()
            word = next((word for word in words if word.startswith(stem)), stem)
            before, behind = typing.text[: len(typing.text) - len(stem)] + word, ""
            caret = len(before)
        case "arrow":
            places = {"left": max(caret - 1, 0), "right": caret + 1, "home": 0}
            caret = places.get(command.text, len(typing.text) if command.text == "end" else caret)
    return replace(typing, text=before + behind, caret=caret)
