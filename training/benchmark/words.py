"""The words and tables of a benchmark's report, from its figures."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.benchmark.document import Block, Code, Heading, Notes, Picture, Table, Text
from training.benchmark.figures import Cell, Pairing, Row
from training.benchmark.protocols import Protocol
from training.benchmark.published import Published

AVERAGE = "average"
CHANGES = {
    "unreadable": (
        "A reply that cannot be read costs a turn and moves nothing",
        "A reply that cannot be read is the original's action, {fallback}",
    ),
    "history": (
        "Models that were only told what to do are shown the last {history} to {twice} turns, and "
        "those of a provider the last {history}",
        "Models that were only told what to do are shown the last {history} turns",
    ),
    "prompt": (
        "Replies stand in tags, and prompts are the project's own",
        "Replies are the action alone, without tags or thought; the words of the prompt stay the "
        "project's own",
    ),
    "seeds": (
        "All policies play the same missions, with random draws of the same seeds",
        "Every policy plays missions of its own, as many as were published",
    ),
}
"""What can be done as in the original: as it is here, and as it is there."""


def document(
    rows: Sequence[Row],
    paired: Sequence[Pairing],
    protocol: Protocol,
    picture: Path,
) -> Iterator[Block]:
    """The report, block by block."""
    trials = [trial.name for trial in protocol.trials]
    yield Heading(protocol.title, 1)
    yield Text(
        "Success in per cent with its 95 % Wilson interval, on test missions that nothing was "
        "trained or tuned on."
        + (" Averages count every task the same, with their standard error." * protocol.average)
    )
    yield _axes(rows, trials) if _is_list(protocol) else _success(rows, protocol, trials)
    missing = [_missing(row) for row in rows if row.missing or row.failure]
    if missing:
        yield Heading("What is missing")
        yield Notes(missing)
    yield Picture(picture, "Success of every policy, with 95 % intervals")
    if paired:
        yield Heading(f"Against {paired[0].second}, mission by mission")
        yield Text(
            "Difference of success in points, each task counting the same, with the 95 % interval "
            "of a paired bootstrap, and the p of McNemar's exact test."
        )
        yield Table(
            ("policy", "difference", "95 % interval", "p", "missions"), list(map(_paired, paired))
        )
    yield Heading("What it took")
    yield Text(
        "Means of an episode. Turns against the expert's are of missions that both solved. Seconds "
        "are an episode's share of the time in which it was played together with others."
    )
    yield _costs(rows)
    kinds = _kinds(rows)
    if kinds.rows:
        yield Heading("Replies that could not be read")
        yield kinds
    yield Heading("Notes")
    yield Notes(list(_footnotes(rows, protocol)))
    yield Heading("How it was made")
    yield Code(list(dict.fromkeys(row.command for row in rows)))


def _success(rows: Sequence[Row], protocol: Protocol, trials: Sequence[str]) -> Table:
    head = ["policy", *([AVERAGE] if protocol.average else []), *trials, "n of each"]
    table = [
        [
            row.label + (" †" if row.turn_limit else ""),
            *([_average(row)] if protocol.average else []),
            *(_rate(row.cells.get(trial)) for trial in trials),
            _count(row, trials),
        ]
        for row in rows
    ]
    ours = len(table)
    for one in protocol.published:
        table.append(
            [
                f"{one.policy}, published",
                *([_published(one)] if protocol.average else []),
                *(
                    f"{100 * one.trials[trial]:.0f}" if trial in one.trials else "-"
                    for trial in trials
                ),
                "",
            ]
        )
    return Table(head, table, frozenset(range(ours, len(table))))


def _is_list(protocol: Protocol) -> bool:
    """Whether its trials are better read down than across: many, and nobody published any."""
    return not protocol.average and not protocol.published


def _axes(rows: Sequence[Row], trials: Sequence[str]) -> Table:
    head = ("", *(row.label + (" †" if row.turn_limit else "") for row in rows))
    lines = [[trial, *(_rate(row.cells.get(trial)) for row in rows)] for trial in trials]
    return Table(head, [*lines, ["n of each", *(_count(row, trials) for row in rows)]])


def _average(row: Row) -> str:
    if row.average is None:
        return "-"
    return f"{100 * row.average.value:.1f} ± {100 * row.average.standard_error:.1f}"


def _published(one: Published) -> str:
    if one.average is None:
        return "-"
    return f"{100 * one.average:.1f}" + (f" ± {100 * one.error:.1f}" if one.error else "")


def _rate(one: Cell | None) -> str:
    if one is None:
        return "-"
    return f"{100 * one.success:.0f} ({100 * one.low:.0f} to {100 * one.high:.0f})"


def _count(row: Row, trials: Sequence[str]) -> str:
    counts = [row.cells[trial].episodes if trial in row.cells else 0 for trial in trials]
    return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"


def _missing(row: Row) -> str:
    left = f"{row.missing} of its episodes are not played yet" if row.missing else ""
    why = f"it could not go on: {row.failure}" if row.failure else ""
    return f"{row.label}: {'; '.join(filter(None, (left, why)))}"


def _paired(one: Pairing) -> list[str]:
    ends = one.difference.interval
    return [
        one.first,
        f"{100 * one.difference.value:+.1f}",
        f"{100 * ends.low:+.1f} to {100 * ends.high:+.1f}",
        f"{one.p:.2g}" if one.p >= 1e-4 else "< 0.0001",
        str(one.missions),
    ]


def _costs(rows: Sequence[Row]) -> Table:
    took = ("turns", "turns / expert's", "unreadable", "tokens written", "tokens read", "seconds")
    return Table(("policy", *took), [_cost(row) for row in rows if row.cells])


def _cost(row: Row) -> list[str]:
    cells = list(row.cells.values())
    ratios = [one.length_ratio for one in cells if one.length_ratio is not None]

    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values)

    return [
        row.label,
        f"{mean([one.turns for one in cells]):.1f}",
        f"{mean(ratios):.2f}" if ratios else "-",
        f"{100 * mean([one.invalid for one in cells]):.1f} %",
        f"{mean([one.tokens for one in cells]):,.0f}",
        f"{mean([one.tokens_read for one in cells]):,.0f}",
        f"{mean([one.seconds for one in cells]):.3g}",
    ]


def _kinds(rows: Sequence[Row]) -> Table:
    of = {
        row.label: sum((Counter(one.kinds) for one in row.cells.values()), Counter[str]())
        for row in rows
    }
    kinds = [kind for kind, _ in sum(of.values(), Counter[str]()).most_common()]
    return Table(
        ("policy", *kinds),
        [
            [label, *(f"{found[kind]:,}" if found[kind] else "-" for kind in kinds)]
            for label, found in of.items()
            if found
        ],
    )


def _footnotes(rows: Sequence[Row], protocol: Protocol) -> Iterator[str]:
    limits = sorted({row.turn_limit for row in rows if row.turn_limit})
    if limits:
        yield (
            f"† Was only told what to do; plays at most {' or '.join(map(str, limits))} turns, and "
            "fewer missions, which are the first of the others'."
        )
    for name, (here, there) in CHANGES.items():
        if name == "unreadable" and not protocol.fallback:
            continue
        told = {
            "fallback": protocol.fallback,
            "history": protocol.history,
            "twice": 2 * protocol.history,
        }
        here, there = here.format(**told), there.format(**told)
        switched = [row.label for row in rows if name in row.as_published]
        if len(switched) < len(rows):
            yield f"{here} (as in the original: --as-published {name})."
        if switched:
            whose = "" if len(switched) == len(rows) else f" Of {', '.join(switched)}."
            yield f"{there}.{whose}"
    for source in dict.fromkeys(one.source for one in protocol.published):
        yield f"Published rows: {source}."
    yield from protocol.footnotes
    if protocol.left_out:
        names = ", ".join(protocol.left_out)
        yield f"Left out, for the task's level has no option or no room for it: {names}."
