"""The report: figures worked by hand, a page that needs nothing else, and words as they are."""

from dataclasses import replace
from pathlib import Path

import pytest

from training.benchmark.document import Code, Heading, Notes, Picture, Table, Text, html, markdown
from training.benchmark.figures import Cell, Row, average, cell, pairing
from training.benchmark.protocols import Protocol, Trial
from training.benchmark.published import Published
from training.benchmark.report import read, result, write_report
from training.benchmark.store import Played
from training.benchmark.words import document


def played(trial: str, seed: int, success: bool, turns: int = 10, **unreadable: int) -> Played:
    return Played(trial, seed, success, turns, 20.0, 50.0, 0.5, unreadable)


def row(label: str, cells: dict[str, Cell], **more: object) -> Row:
    about = {"most_turns": None, "conditions": {}, "as_published": (), "told": False} | more
    return Row(
        label=label,
        cells=cells,
        average=None,
        failure="",
        planned=1,
        missing=0,
        command="it",
        **about,
    )  # type: ignore[arg-type]


def of(label: str, episodes: list[Played], **more: object) -> Row:
    trials = {one.trial for one in episodes}
    cells = {
        trial: cell(own := [one for one in episodes if one.trial == trial], len(own), {})
        for trial in trials
    }
    return row(label, cells, **more)


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

    def test_a_trial_that_is_incomplete_counts_for_nothing(self) -> None:
        cells = {"a": cell([played("a", 0, True)], 2, {})}
        assert average(cells, ["a"]) is None
        assert pairing((row("x", cells), [played("a", 0, True)]), (row("x", cells), [])) is None

    def test_only_shared_missions_are_compared(self) -> None:
        first = [played("a", seed, True) for seed in range(6)]
        second = [played("a", seed, False) for seed in range(4, 9)]
        found = pairing((of("x", first), first), (of("y", second), second))
        assert found is not None
        assert (found.missions, found.difference.value, found.p) == (2, 1.0, 0.5)
        other = [played("b", 0, True)]
        assert pairing((of("x", first), first), (of("y", other), other)) is None

    def test_both_are_judged_by_the_smaller_limit(self) -> None:
        quick = [played("a", seed, seed > 2, turns=5) for seed in range(4)]
        slow = [played("a", seed, True, turns=20) for seed in range(4)]
        found = pairing((of("x", quick, most_turns=10), quick), (of("y", slow), slow))
        assert found is not None
        assert found.difference.value == 0.25


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
    published_episodes=10,
    changes=("unreadable", "history", "seeds"),
    fallback="go forward",
    footnotes=("A note.",),
)
TOLD = {
    "told": True,
    "most_turns": 32,
    "conditions": {"temperature": 1.0, "reply_tokens": 64, "answer_tokens": 24, "shots": 1},
}


def report(*rows: Row) -> str:
    return markdown(list(document(rows, [], PAIR, Path("plots/success.png"))), Path())


def test_notes_hold_of_the_rows_they_name() -> None:
    plain = of("random", [played("near", 0, True), played("far", 0, False)])
    told = of("model", [played("near", 0, True, misread=3)], **TOLD)
    text = report(plain, told)
    assert "| *theirs, published* | *50.0 ± 10.0* | *-* | *-* |  |" in text
    assert "| model † |" in text
    assert "† At most 32 turns: model." in text
    assert "at most 64 tokens, 24 where they are asked for no thought" in text
    assert "go forward. --as-published unreadable does as it does." in text
    assert "trained here" not in text
    assert "Published rows: a paper." in text
    assert "A note." in text
    assert "misread" in text
    switched = report(plain, of("model", [], **TOLD, as_published=("history",)))
    assert "see the last 16 turns, as in the original. Of model." in switched
    assert "†" not in report(plain)
    assert "were trained here" in report(of("runs/mine", [played("near", 0, True)]))


def test_what_is_missing_is_a_heading_of_its_own() -> None:
    text = report(row("random", {}, told=False))
    assert "What is missing" not in text
    failed = replace(row("random", {}), failure="crashed: it", missing=2)
    assert "- random: 2 of its episodes are not played yet; it could not go on: crashed: it" in (
        report(failed)
    )


def test_a_task_of_which_nothing_was_played_says_so() -> None:
    found = result([replace(of("x", [played("near", 0, True)]), planned=7)], PAIR)["x"]
    assert found["far"] == {"episodes": 0, "missing": 7, "command": "it"}
    assert found["near"]["success"] == 1.0
    assert "average" not in found


def test_nothing_played_is_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="play first"):
        read(tmp_path, PAIR)
    with pytest.raises(ValueError, match="play first"):
        write_report(tmp_path, PAIR)
