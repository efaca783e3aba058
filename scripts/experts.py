"""Measure the expert on every level: `python -m scripts.experts --out docs/experts.md`."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from envs.expert import CANNOT
from scripts.cli import friendly, options, write_json
from training.experts import expert_table, measurable, measure_experts

PAGE = """# What the experts can do

`envs.expert.expert_for` refuses the levels whose names begin with one of these:

{refused}

Measured by `python -m scripts.experts --episodes {episodes} --out docs/experts.md`: {episodes}
validation seeds a level, at the level's own turn limit, refused levels included. Left out are
Playground, which has no mission, and BabyAI-SynthS5R2-v0, whose own reset never returns for some
seeds (1073741831 is one).

{table}
"""


@dataclass(frozen=True, slots=True)
class Experts:
    """What to measure."""

    episodes: int = 20
    """Episodes a level."""
    worlds: tuple[str, ...] = ()
    """Levels or tasks to measure; all levels that can be played when there are none."""
    out: Path | None = None
    """Where to write a page about it."""
    json: Path | None = None
    """Where to write the figures as JSON."""


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table, and write it where asked."""
    with friendly():
        given = sys.argv[1:] if args is None else args
        settings = options(Experts, "experts", given, "Measure the expert on every level.")
        logging.getLogger("training").setLevel(logging.INFO)
        records = measure_experts(settings.worlds or measurable(), settings.episodes)
        table = expert_table(records)
        print(table)
        write_json(settings.json, [asdict(record) for record in records])
        if settings.out:
            refused = "\n".join(f"- `{beginning}`: {why}" for beginning, why in CANNOT.items())
            page = PAGE.format(refused=refused, episodes=settings.episodes, table=table)
            settings.out.write_text(page)


if __name__ == "__main__":
    main()
