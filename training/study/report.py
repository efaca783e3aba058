"""The report of a study: what was expected, what must hold, what came, and how sure it is."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from training.markdown import plain, table_lines
from training.plots import GREY, SILVER, TEAL, style
from training.study.arms import ARMS
from training.study.comparing import Compared
from training.study.contrasts import interquartile_mean
from training.study.curves import draw_curves
from training.study.jobs import State
from training.study.secondary import TREATMENT
from training.study.study import Results, hypotheses
from training.study.worlds import TRAINED

CONFIRMATORY = 5
"""Seeds below which a study is a pilot."""


def write_report(folder: Path, found: Results) -> Path:
    """Write `report.md` and its picture into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with style():
        draw_outcomes(found).savefig(folder / "outcomes.png")
        draw_curves(found.curves).savefig(folder / "curves.png")
    path = folder / "report.md"
    parts = (_head(found), _expected(folder), _gates(found), _contrasts(found), _outcomes(found))
    lines = [line for part in (*parts, _secondary(found), _ledger(found)) for line in part]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def draw_outcomes(found: Results) -> Figure:
    """Every seed of every arm: on the suite, and in its world."""
    arms = [arm for arm in ARMS if found.outcomes.get(arm)]
    figure = Figure(figsize=(8.0, 0.34 * max(len(arms), 1) + 1.2))
    suite, world = figure.subplots(1, 2, sharey=True)
    for row, arm in enumerate(arms):
        colour = TEAL if arm == "grounded" else GREY
        for axes, values in (
            (suite, [one.accuracy for one in found.outcomes[arm].values()]),
            (world, [one.world[TRAINED].success for one in found.outcomes[arm].values()]),
        ):
            axes.plot(values, [row] * len(values), "o", color=colour, alpha=0.55, markersize=5)
            axes.plot(np.mean(values), row, "|", color=colour, markersize=14, markeredgewidth=2)
    suite.axvline(found.chance, color=SILVER, linestyle="--", linewidth=1)
    suite.set_title("Right on the suite (dashes: chance)")
    world.set_title(f"Success on {found.task}")
    for axes in (suite, world):
        axes.set_xlim(0, 1)
        axes.grid(axis="x")
    suite.set_yticks(range(len(arms)), arms)
    suite.set_ylim(max(len(arms), 1) - 0.5, -0.5)
    return figure


def _head(found: Results) -> list[str]:
    pilot = len(found.seeds) < CONFIRMATORY
    missing = {name: state for name, state in found.states.items() if state is not State.DONE}
    return [
        f"# Grounded against text-only{': a pilot' if pilot else ''}",
        "",
        f"{len(found.seeds)} training seed{'s' if len(found.seeds) > 1 else ''}; {found.items} "
        f"questions (sha256 {found.suite[:12]}), of which a guess has {found.chance:.1%} right.",
        "",
        *(
            [
                "**Missing:** "
                + "; ".join(f"{name} ({state.value})" for name, state in missing.items())
                + ". Nothing below is about these.",
                "",
            ]
            if missing
            else []
        ),
    ]


def _expected(folder: Path) -> list[str]:
    told = hypotheses(folder)
    written = told.strip() or "No hypotheses were written down before these runs."
    return ["## What was expected", "", written, ""]


def _gates(found: Results) -> list[str]:
    words = {True: "holds", False: "**fails**", None: "unknown"}
    rows = [(gate.name, words[gate.holds], gate.seen) for gate in found.gates]
    failing = any(gate.holds is False for gate in found.gates)
    return [
        "## Gates",
        "",
        *table_lines(("gate", "", "seen"), rows),
        "",
        *(["A gate fails: what follows says nothing about the question.", ""] if failing else []),
    ]


def _contrasts(found: Results) -> list[str]:
    lines = ["## Primary contrasts", ""]
    if not found.compared:
        return [*lines, "None yet: an arm that they are about is missing.", ""]
    adjusted = iter(found.holm)
    rows = []
    for one in found.compared:
        if one.contrast is None:
            rows.append((one.name, one.matched, "not compared", "", "", "", "", ""))
            continue
        inner, p = one.contrast, next(adjusted)
        rows.append(
            (
                one.name,
                one.matched,
                f"{100 * inner.difference:+.1f}",
                f"{100 * inner.interval.low:+.1f} to {100 * inner.interval.high:+.1f}",
                ", ".join(f"{100 * value:+.1f}" for value in inner.by_seed),
                f"{p:.2f}",
                f"{inner.equivalent_p:.2f}",
                f"{100 * inner.detectable:.1f}",
            )
        )
    head = ("points on the suite", "matched on", "difference", "95 % interval", "by seed",
            "p (Holm)", "p (within ±3)", "would have been seen")  # fmt: skip
    refused = [
        f"- {one.name}, {one.matched}: {one.refused}" for one in found.compared if one.refused
    ]
    return [
        *lines,
        *table_lines(head, rows),
        "",
        *refused,
        *([""] if refused else []),
        *[f"- {verdict(one, len(found.seeds))}" for one in found.compared if one.contrast],
        "",
    ]


def verdict(one: Compared, seeds: int) -> str:
    """What a contrast says, in a sentence.

    With too few seeds for the test, no difference is never called equivalence.
    """
    found = one.contrast
    assert found is not None
    name = f"{one.name}, equal {one.matched}"
    ahead = one.one if found.difference > 0 else one.other
    way = f"{ahead} is ahead by {abs(100 * found.difference):.1f} points"
    way = way if found.difference else "neither is ahead"
    if found.p < 0.05:
        return f"{name}: {way}."
    if found.equivalent_p < 0.05 and seeds >= CONFIRMATORY:
        return f"{name}: no difference of three points or more."
    if seeds == 1:
        return f"{name}: {way}; a single seed says nothing of how much seeds differ."
    return (
        f"{name}: {seeds} seeds cannot tell. {way[0].upper()}{way[1:]}, and a difference of "
        f"{100 * found.detectable:.1f} points would have been seen in four of five such studies."
    )


def _outcomes(found: Results) -> list[str]:
    lines = [
        *("## All outcomes", "", "![Every seed of every arm](outcomes.png)", ""),
        *("![Success while learning, against cost](curves.png)", ""),
    ]
    arms = {
        arm: [{"likeliest": one.accuracy, **one.secondary()} for one in of_seed.values()]
        for arm, of_seed in found.outcomes.items()
    }
    if not arms:
        return lines
    names = next(iter(arms.values()))[0]
    rows = [
        (name, *(_seeds([one[name] for one in each]) for each in arms.values())) for name in names
    ]
    return [
        *lines,
        "In per cent, of the middle half of the seeds (IQM), and of each seed. "
        f"`{TRAINED}` is {plain(found.task)}.",
        "",
        *table_lines(("outcome", *map(plain, arms)), rows),
        "",
    ]


def _seeds(values: Sequence[float]) -> str:
    """The middle of the seeds and each of them, in per cent."""
    each = " ".join(f"{100 * value:.0f}" for value in values)
    return f"{100 * interquartile_mean(values):.1f} ({each})"


def _secondary(found: Results) -> list[str]:
    lines = [f"## How far {TREATMENT} is ahead", ""]
    if not found.secondary:
        return [*lines, "Of nothing yet: an arm is missing.", ""]
    arms = list(dict.fromkeys(one.other for one in found.secondary))
    by_place = {(one.outcome, one.other): one for one in found.secondary}
    rows = []
    for name in dict.fromkeys(one.outcome for one in found.secondary):
        each = [by_place[name, arm] for arm in arms]
        rows.append((name, *(f"{100 * one.difference:+.1f} ({one.p:.2f})" for one in each)))
    return [
        *lines,
        "In points, of all outcomes but the primary one, at the ends of the runs, which have not "
        "cost the same; in brackets p after Benjamini and Hochberg, over the whole table.",
        "",
        *table_lines(("outcome", *(f"over {plain(arm)}" for arm in arms)), rows),
        "",
    ]


def _ledger(found: Results) -> list[str]:
    rows: list[Sequence[str]] = []
    for arm, of_seed in found.ledgers.items():
        for seed, one in of_seed.items():
            rows.append(
                (
                    plain(arm),
                    str(seed),
                    f"{one.flops:.2e}",
                    f"{one.updates:,}",
                    f"{one.transitions:,}",
                    f"{one.tokens_trained:,}",
                    f"{one.tokens_sampled:,}",
                    f"{one.seconds / 60:.1f}",
                )
            )
    head = ("arm", "seed", "FLOPs", "updates", "turns played", "tokens learned from",
            "tokens sampled", "minutes")  # fmt: skip
    return ["## What it cost", "", *table_lines(head, rows), ""]
