"""What is watched, and how: checked when it is made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from envs.tasks import task
from training.recording import check_recording


@dataclass(frozen=True, slots=True)
class WatchConfig:
    """Who plays what, and how it is seen."""

    policy: tuple[str, ...] = ()
    """one or two of `random`, `reactive`, `expert`, `human`, `nano-mixed`, a run folder, a model's
    folder, `smollm2` or a hub id; none: the newest run here, or `nano-mixed`"""
    task: str = ""
    """a named task, or any MiniGrid or BabyAI id; none: what the policy was trained on"""
    phrasing: str = "sentences"
    """how observations are put into words"""
    seed: int = 0
    """the first episode; `n` goes on to the next seed"""
    greedy: bool = False
    """take the likeliest token each time, in place of sampling"""
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    """of a model's weights"""
    episodes: Path | None = None
    """show what was played: a run folder, also one that is still training, or a file of episodes"""
    first: int = 0
    """which of these to begin with; below 0: counted from the newest"""
    blind: bool = False
    """hide the picture: see what the model sees"""
    save: Path | None = None
    """keep what was played here, a line of JSON an episode"""
    headless: bool = False
    """open no window; needs --record or --sheet"""
    record: Path | None = None
    """without a window, write the first episode here: .gif, .mp4, or .png for its end"""
    turn: int = 0
    """of a .png: the turn it shows, with its whole thought, counted from 1; 0: the end"""
    sheet: Path | None = None
    """without a window, draw the first episode here, a tile for each turn"""
    size: tuple[int, int] | None = None
    """of the window, or of a recording without one, in pixels"""
    json: Path | None = None
    """without a window, write the episode here, too"""

    def __post_init__(self) -> None:
        if self.task:
            task(self.task)
        if len(self.policy) > 2:
            raise ValueError(f"one or two policies can be watched at once, got {len(self.policy)}")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more, got {self.seed}")
        if self.size and min(self.size) < 200:
            raise ValueError(f"a window or a recording is at least 200 x 200, got {self.size}")
        if self.episodes and (self.policy or self.save):
            raise ValueError(
                "--episodes shows what was played: --policy and --save do not go with it"
            )
        if self.first and not self.episodes:
            raise ValueError("--first counts the episodes of --episodes")
        if self.headless and self.save:
            raise ValueError("--save keeps what is played in the window; without one, --json FILE")
        if self.headless and not (self.record or self.sheet or self.json):
            raise ValueError(
                "without a window say where to: --record FILE, --sheet FILE or --json FILE"
            )
        if not self.headless and (self.record or self.sheet):
            raise ValueError("--record and --sheet go with --headless; in the window, v records")
        if self.headless and "human" in self.policy:
            raise ValueError("a person needs a window")
        if self.turn and (self.turn < 0 or not self.record or self.record.suffix != ".png"):
            raise ValueError("--turn is 1 or more, and goes with --record FILE.png")
        if self.record and self.record.suffix != ".png":
            check_recording(self.record)
