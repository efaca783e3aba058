"""How much room on the disk a run needs, told before it begins."""

import shutil
from pathlib import Path

from torch import nn

from training.checkpoints import KEPT
from training.config import TrainConfig

TURN_BYTES = 1500
"""About what a turn takes in `episodes.jsonl`."""


def peak_bytes(config: TrainConfig, model: nn.Module, turn_limit: int) -> int:
    """The most that the checkpoints and episodes of a run can take up, roughly.

    A checkpoint holds the weights that are trained (all of them, or the adapters alone) and two
    numbers beside each, the optimizer's.
    """
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    checkpoint = 3 * sum(weight.numel() * weight.element_size() for weight in trained)
    steps = config.grpo.steps
    best_and_cold_start, being_written = 2, 1
    milestones = steps // config.keep_every if config.keep_every else 0
    count = KEPT + best_and_cold_start + milestones + being_written
    episodes = steps * config.grpo.groups * config.grpo.group_size
    turns = episodes * turn_limit
    return count * checkpoint + turns * TURN_BYTES


def room(folder: Path, needed: int) -> str:
    """What is needed and what there is, in a few words.

    >>> room(Path(), 3_000_000).split(";")[0]
    'this run needs up to 3 MB on the disk'
    """
    free = shutil.disk_usage(folder).free
    short = ", which may not be enough" if free < needed else ""
    return f"this run needs up to {_size(needed)} on the disk; {_size(free)} are free{short}"


def _size(count: int) -> str:
    """
    >>> _size(2_300_000_000)
    '2.3 GB'
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
