"""Train an agent: demonstrations, cold start, GRPO, evaluation, report.

python -m scripts.train                          the default preset, ten minutes on two cores
python -m scripts.train --preset smollm2         a pretrained model
python -m scripts.train --task BabyAI-GoToLocal-v0 --grpo.steps 80 --run runs/mine
python -m scripts.train --run runs/mine --resume go on with an interrupted run
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from rich.console import Console

from scripts.cli import friendly, options, shown, write_json
from training.alarms import Collapse
from training.config import TrainConfig, from_json, to_json
from training.presets import PRESETS, preset
from training.run_dir import RunDir, read_evaluation, read_run
from training.train import settled, train


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line and run."""
    args = sys.argv[1:] if args is None else args
    with friendly():
        first, rest = _first_options(args)
        if first.resume:
            config = from_json(TrainConfig, read_run(first.run)["config"])
        else:
            config = preset(first.preset or "default")
        asked = options(TrainConfig, "train", rest, default=config, description=_description())
        folder = first.run or Path("runs", f"{first.preset or 'default'}-{asked.seed}")
        console = Console()
        if first.resume:
            _refuse_changes(config, asked)
            run = RunDir.resume(folder, console)
        else:
            asked = settled(asked)
            run = RunDir.create(folder, to_json(asked), console)
        try:
            with friendly(f"Go on with: python -m scripts.train --run {folder} --resume"), run:
                train(asked, run)
        except Collapse as collapse:
            console.print(shown(str(collapse)), style="bold red", markup=False)
            raise SystemExit(1) from None
        write_json(first.json, read_evaluation(folder))
        print(
            f"\nReport: {folder / 'report.md'}\nWatch it: python -m scripts.watch --policy {folder}"
        )


def _first_options(args: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options that are not of the run but about it, and the others."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--preset")
    first.add_argument("--run", type=Path)
    first.add_argument("--resume", action="store_true")
    first.add_argument("--json", type=Path)
    known, rest = first.parse_known_args(args)
    if known.resume and known.run is None:
        raise ValueError("--resume needs --run FOLDER: which run is to go on?")
    if known.resume and known.preset:
        raise ValueError("a resumed run keeps its options: --preset cannot go with --resume")
    return known, rest


def _description() -> str:
    presets = "\n".join(
        f"  {name}: {(make.__doc__ or '').strip()}" for name, make in PRESETS.items()
    )
    return (
        f"{__doc__}\nFirst of all:\n"
        "  --preset NAME  where all other options start from (default: default)\n"
        "  --run FOLDER   the run folder (default: runs/<preset>-<seed>)\n"
        "  --resume       go on with the run in --run, with the options it was started with\n"
        "  --json FILE    write what was measured here, too\n\n"
        f"Presets:\n{presets}"
    )


def _refuse_changes(stored: TrainConfig, asked: TrainConfig) -> None:
    for field in fields(TrainConfig):
        if getattr(stored, field.name) != getattr(asked, field.name):
            raise ValueError(
                f"a resumed run keeps its options: {field.name} is "
                f"{getattr(stored, field.name)} in the run, and {getattr(asked, field.name)} was "
                "asked for. Start a new run with --run."
            )


if __name__ == "__main__":
    main()
