"""The report: figures worked by hand, a page that needs nothing else, and words as they are."""

from pathlib import Path

import pytest

from training.benchmark.document import Code, Heading, Notes, Picture, Table, Text, html, markdown
from training.benchmark.figures import average, cell, pairing
from training.benchmark.protocols import Protocol, Trial
from training.benchmark.published import Published
from training.benchmark.report import read, write_report
from training.benchmark.store import Played


def played(trial: str, seed: int, success: bool, turns: int = 10, **unreadable: int) -> Played:
    return Played(trial, seed, success, turns, 20.0, 50.0, 0.5, unreadable)


class TestFigures:
    def test_a_cell_by_hand(self) -> None:
        found = cell(
            [played("a", 0, True, 4), played("a", 1, True, 9), played("a", 2, False, 7, forged=5)],
            planned=5,
            expert={("a", 0): 4, ("a", 1): 6, ("a", 2): 5},
        )
        assert found.success == pytest.approx(2 / 3)
        assert (found.episodes, found.missing) == (3, 2)
        assert found.invalid == 5 / 20
        assert found.kinds == {"forged": 5}
        assert found.length_ratio == (4 / 4 + 9 / 6) / 2
        assert (found.tokens, found.tokens_read, found.seconds) == (20.0, 50.0, 0.5)

    def test_tasks_count_the_same(self) -> None:
        cells = {
            "a": cell([played("a", 0, True)], 1, {}),
            "b": cell([played("b", seed, False) for seed in range(9)], 9, {}),
        }
        found = average(cells, ["a", "b"])
        assert found is not None
        assert found.value == 0.5
        assert average(cells, ["a", "b", "c"]) is None

    def test_only_shared_missions_are_compared(self) -> None:
        first = [played("a", seed, True) for seed in range(6)]
        second = [played("a", seed, False) for seed in range(4, 9)]
        found = pairing(("x", first), ("y", second))
        assert found is not None
        assert (found.missions, found.difference.value, found.p) == (2, 1.0, 0.5)
        assert pairing(("x", first), ("y", [played("b", 0, True)])) is None


BLOCKS = [
    Heading("Title & <b>", 1),
    Text("a_b *c*"),
    Notes(["one", "two"]),
    Table(("policy", "success"), [["x|y", "1"], ["theirs", ""]], frozenset({1})),
    Code(["make <all>"]),
]


def test_markdown_shows_words_as_they_are(tmp_path: Path) -> None:
    assert markdown(BLOCKS, tmp_path) == (
        "# Title \\& \\<b\\>\n\na\\_b \\*c\\*\n\n- one\n- two\n\n"
        "| policy | success |\n| --- | ---: |\n| x\\|y | 1 |\n| *theirs* |  |\n\n"
        "```sh\nmake <all>\n```\n"
    )


def test_the_page_loads_nothing(tmp_path: Path) -> None:
    picture = tmp_path / "plots" / "a.png"
    picture.parent.mkdir()
    picture.write_bytes(b"png")
    page = html([*BLOCKS, Picture(picture, "what it shows")], "T")
    assert "Title &amp; &lt;b&gt;" in page
    assert "<tr class=quiet><td>theirs" in page
    assert 'src="data:image/png;base64,cG5n"' in page
    assert "http" not in page
    assert "<script" not in page


PAIR = Protocol(
    "pair",
    "A pair",
    (Trial("near", "goto-small"), Trial("far", "goto-local")),
    published=(Published("theirs", "a paper", 0.5, 0.1),),
    fallback="go forward",
    footnotes=("A note.",),
)


def test_nothing_played_is_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="play first"):
        read(tmp_path, PAIR)
    with pytest.raises(ValueError, match="play first"):
        write_report(tmp_path, PAIR)
