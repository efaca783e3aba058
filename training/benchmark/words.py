"""The words and tables of a benchmark's report, from its figures."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.loading import POLICIES
from training.benchmark.document import Block, Code, Heading, Notes, Picture, Table, Text
from training.benchmark.figures import Cell, Pairing, Row
from training.benchmark.protocols import Protocol
from training.benchmark.published import Published

AVERAGE = "average"
CHANGES = {
    "unreadable": (
        "A reply that cannot be read costs a turn and moves nothing. In the original the body then "
        "does this: {fallback}.",
        "A reply that cannot be read is taken for this: {fallback}, as in the original.",
    ),
    "history": (
        "Models that were only told what to do see the last {half} to {history} turns (those of a "
        "provider the last {history}), and what they did before in a sentence. In the original "
        "they see the last {history}.",
        "Models that were only told what to do see the last {history} turns, as in the original.",
    ),
    "prompt": (
        "Replies stand in tags. In the original they are the action alone. Prompts are in the "
        "project's own words.",
        "Models that were only told what to do reply with the action alone, as in the original; "
        "the prompt is in the project's own words.",
    ),
    "seeds": (
        "All policies play the same missions, with draws of the same seeds. In the original every "
        "one has its own, {published} of each task.",
        "Every policy plays missions of its own, {published} of each task, as in the original.",
    ),
}
"""What can be done as in the original: as it is here, and as it is there."""


def document(
    rows: Sequence[Row],
    paired: Sequence[Sequence[Pairing]],
    protocol: Protocol,
    picture: Path,
) -> Iterator[Block]:
    """The report, block by block."""
    trials = [trial.name for trial in protocol.trials]
    yield Heading(protocol.title, 1)
    yield Text(
        "Success in per cent with its 95 % Wilson interval, on test missions that nothing was "
        "trained or tuned on."
        + (" Averages count every task the same, ± their standard error." * protocol.average)
    )
    yield _axes(rows, trials) if _is_list(protocol) else _success(rows, protocol, trials)
    missing = [_missing(row) for row in rows if row.missing or row.failure]
    if missing:
        yield Heading("What is missing")
        yield Notes(missing)
    yield Picture(picture, "Success of every policy, with 95 % intervals")
    for pairs in paired:
        yield Heading(f"Against {pairs[0].second}, mission by mission")
        yield Text(
            "Difference of success in points, each task counting the same, with the 95 % interval "
            "of a paired bootstrap (without width where all differences are alike), and the p of "
            "McNemar's exact test. Where one may have fewer turns (†), both are judged by them."
        )
        yield Table(
            ("policy", "difference", "95 % interval", "p", "missions"), list(map(_paired, pairs))
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
            _marked(row),
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
    head = ("", *(_marked(row) for row in rows))
    lines = [[trial, *(_rate(row.cells.get(trial)) for row in rows)] for trial in trials]
    return Table(head, [*lines, ["n of each", *(_count(row, trials) for row in rows)]])


def _marked(row: Row) -> str:
    return row.label + (" †" if row.most_turns else "")


def _average(row: Row) -> str:
    if row.average is None:
        return "-"
    ends = row.average.interval
    return (
        f"{100 * row.average.value:.1f} ± {100 * row.average.standard_error:.1f} "
        f"({100 * ends.low:.0f} to {100 * ends.high:.0f})"
    )


def _published(one: Published) -> str:
    if one.average is None:
        return "-"
    return f"{100 * one.average:.1f}" + (f" ± {100 * one.error:.1f}" if one.error else "")


def _rate(one: Cell | None) -> str:
    if one is None:
        return "-"
    if one.missing:  # successes end sooner than failures, so that a rate would be too high
        return f"{one.episodes} of {one.episodes + one.missing} played"
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
    for most in sorted({row.most_turns for row in rows if row.most_turns}):
        who = [row.label for row in rows if row.most_turns == most]
        yield f"† At most {most} turns: {'; '.join(who)}."
    ways = {tuple(row.conditions.items()) for row in rows if row.told}
    for way in sorted(ways, key=str):
        conditions = dict(way)
        yield (
            "Models that were only told what to do draw at temperature "
            f"{conditions['temperature']:g}, and reply with at most {conditions['reply_tokens']} "
            f"tokens, {conditions['answer_tokens']} where they are asked for no thought; few-shot "
            f"ones are shown {conditions['shots']} of the expert's episodes. They may play fewer "
            "missions, which are then the first of the others'."
        )
    if any(not row.told and row.label not in POLICIES for row in rows):
        yield "Minds that were trained here draw, remember and reply as they were trained to."
    told_names = {
        "fallback": protocol.fallback,
        "history": protocol.history,
        "half": protocol.history // 2,
        "published": protocol.published_episodes,
    }
    for name in protocol.changes:
        here, there = (text.format(**told_names) for text in CHANGES[name])
        switched = [row.label for row in rows if name in row.as_published]
        if len(switched) < len(rows):
            yield f"{here} --as-published {name} does as it does."
        if switched:
            yield f"{there} Of {', '.join(switched)}."
    for source in dict.fromkeys(one.source for one in protocol.published):
        yield f"Published rows: {source}. Errors and rounding are theirs."
    yield from protocol.footnotes
    if protocol.left_out:
        names = ", ".join(protocol.left_out)
        yield f"Left out, for the task's level has no option or no room for it: {names}."
