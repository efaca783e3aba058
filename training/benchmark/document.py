"""A report as a list of blocks, written as Markdown or as one HTML page that needs nothing else."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from envs.display import visible
from training.markdown import plain, table_lines


@dataclass(frozen=True, slots=True)
class Heading:
    """A title; level 1 is the document's own."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Notes:
    """A list of sentences."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Words to the left, numbers to the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    quiet: frozenset[int] = frozenset()
    """rows that stand back: what others have published"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG file, and what it shows in words."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """What can be typed."""

    lines: Sequence[str]


Block = Heading | Text | Notes | Table | Picture | Code


def markdown(blocks: Sequence[Block], folder: Path) -> str:
    """The blocks as Markdown; pictures are linked by their place in `folder`."""
    return "\n\n".join("\n".join(_markdown(block, folder)) for block in blocks) + "\n"


def _markdown(block: Block, folder: Path) -> list[str]:
    match block:
        case Heading(text, level):
            return [f"{'#' * level} {plain(text)}"]
        case Text(text):
            return [plain(text)]
        case Notes(items):
            return [f"- {plain(item)}" for item in items]
        case Table(head, rows, quiet):
            shown = [
                [f"*{plain(word)}*" if word and place in quiet else plain(word) for word in row]
                for place, row in enumerate(rows)
            ]
            return table_lines([plain(word) for word in head], shown)
        case Picture(path, text):
            return [f"![{plain(text)}]({path.relative_to(folder)})"]
        case Code(lines):
            return ["```sh", *map(visible, lines), "```"]


STYLE = """
:root { color-scheme: light dark; --ink: #1f2937; --grey: #6b7280; --line: #e5e7eb; --back: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e5e7eb; --grey: #9ca3af; --line: #374151; --back: #111827; }
}
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--back);
       max-width: 64rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.4rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .35rem .7rem; border-bottom: 1px solid var(--line); text-align: right;
         white-space: nowrap; }
th { color: var(--grey); font-weight: 500; }
th:first-child, td:first-child { text-align: left; }
tr.quiet td { color: var(--grey); font-style: italic; }
img { max-width: 100%; background: #fff; border-radius: .3rem; }
li, p { max-width: 46rem; } pre { overflow-x: auto; color: var(--grey); font-size: .85rem; }
"""


def html(blocks: Sequence[Block], title: str) -> str:
    """The blocks as one page: styles and pictures stand in it, and it loads nothing."""
    body = "\n".join(map(_html, blocks))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{_escaped(text)}</h{level}>"
        case Text(text):
            return f"<p>{_escaped(text)}</p>"
        case Notes(items):
            return f"<ul>{''.join(f'<li>{_escaped(item)}</li>' for item in items)}</ul>"
        case Table(head, rows, quiet):
            top = "".join(f"<th>{_escaped(word)}</th>" for word in head)
            lines = "\n".join(
                f"<tr{' class=quiet' if place in quiet else ''}>"
                + "".join(f"<td>{_escaped(word)}</td>" for word in row)
                + "</tr>"
                for place, row in enumerate(rows)
            )
            return f'<div class="wide"><table>\n<tr>{top}</tr>\n{lines}\n</table></div>'
        case Picture(path, text):
            data = base64.b64encode(path.read_bytes()).decode()
            return f'<p><img alt="{_escaped(text)}" src="data:image/png;base64,{data}"></p>'
        case Code(lines):
            return f"<pre>{_escaped(chr(10).join(lines))}</pre>"


def _escaped(text: str) -> str:
    """Words from elsewhere, as they are."""
    return "\n".join(escape(visible(line)) for line in text.split("\n"))
