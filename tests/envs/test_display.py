"""What is shown of a text from elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.display import MOST, visible


@given(st.text())
def test_only_printable_characters_are_left(text: str) -> None:
    assert visible(text).isprintable()


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_what_is_printable_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize("sign", ["\x1b", "\x9b", "\x07", "\x00", "\u202e", "\u2066", "\ud800"])
def test_signs_that_would_do_something_are_written_out(sign: str) -> None:
    assert visible(f"a{sign}b") == f"a{ascii(sign)[1:-1]}b"


def test_a_very_long_text_is_cut() -> None:
    shown = visible("a" * 1_000_000)
    assert shown == "a" * MOST + " ... (1,000,000 characters)"
