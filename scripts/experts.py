"""Measure the expert on every level: `python -m scripts.experts --out docs/experts.md`."""

import logging
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import envs
from scripts.cli import friendly, options, write_json
from training.experts import expert_table, measure_experts

PAGE = """# What the experts can do

Measured by `python -m scripts.experts --episodes {episodes} --out docs/experts.md`: {episodes}
validation seeds a level, each level at its own turn limit. A level marked "no expert" is refused by
`envs.expert.expert_for`; `envs.expert.CANNOT` says why.

{table}
"""


@dataclass(frozen=True, slots=True)
class Experts:
    """How the expert does on every level."""

    episodes: int = 20
    """episodes a level"""
    worlds: tuple[str, ...] = ()
    """the levels to measure; all that can be played when there are none"""
    out: Path | None = None
    """a Markdown page to write"""
    json: Path | None = None
    """a file for the figures"""


def main(args: list[str] | None = None) -> None:
    """Measure, print the table, and write it where asked."""
    with friendly():
        settings = options(Experts, "experts", sys.argv[1:] if args is None else args)
        logging.getLogger("training").setLevel(logging.INFO)
        playable = [name for name in envs.worlds() if "Playground" not in name]
        records = measure_experts(settings.worlds or playable, settings.episodes)
        table = expert_table(records)
        print(table)
        write_json(settings.json, [asdict(record) for record in records])
        if settings.out:
            settings.out.write_text(PAGE.format(episodes=settings.episodes, table=table))


if __name__ == "__main__":
    main()
