"""Two ways, timed in turns."""

import pytest

from training.bench.timing import HEADER, Comparison, alternate


def test_ways_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []
    told = {"slow": iter([99.0, 3.0, 4.0, 8.0]), "fast": iter([99.0, 2.0, 1.0, 1.5])}

    def way(name: str) -> float:
        order.append(name)
        return next(told[name])

    found = alternate({name: lambda name=name: way(name) for name in told}, rounds=3)
    assert order == ["slow", "fast"] * 4
    assert found == {"slow": 4.0, "fast": 1.5}


def test_a_way_that_tells_nothing_is_timed(monkeypatch) -> None:
    clock = iter([0.0, 1.0, 10.0, 15.0])
    monkeypatch.setattr("training.bench.timing.perf_counter", lambda: next(clock))
    assert alternate({"way": lambda: None}, rounds=1) == {"way": 5.0}


def test_no_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="rounds must be at least 1, got 0"):
        alternate({}, 0)


def test_a_line_of_the_table_stands_under_its_header() -> None:
    one = Comparison("decode", ours=1200.0, peer=400.0, unit="tokens/s", rounds=5, note="a; b")
    assert one.ratio == 3.0
    assert str(one).split() == ["decode", "1,200", "400", "3.00", "tokens/s:", "a;", "b"]
    for word, figure in (("ours", "1,200"), ("peer", "400"), ("ratio", "3.00")):
        assert HEADER.index(word) + len(word) == str(one).index(figure, 28) + len(figure)
