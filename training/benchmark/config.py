"""Every option of a benchmark. `--help` is made from this file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agent.chat_api import ChatSettings

Original = Literal["unreadable", "history", "prompt", "seeds"]


@dataclass(frozen=True, slots=True)
class BenchmarkConfig:
    """Who plays what, and how often."""

    protocol: str = "balrog-babyai"
    """`balrog-babyai`, `glam`, `mixed` (GLAM's level, and what training never shows of it),
    `ladder`, or `axes`: ways in which a task can differ from what was trained on"""
    policies: tuple[str, ...] = ()
    """`NAME[,few-shot][,no-think][,greedy]`, where NAME is `random`, `reactive`, `expert`,
    `nano-mixed`, a run folder (with `@cold_start` behind it: as it was then), a model's folder or
    id, `smollm2`, or `api:MODEL`; none: the first three and the newest run, or `nano-mixed` where
    there is none"""
    task: str = "mixed"
    """what `axes` is about"""
    trials: tuple[str, ...] = ()
    """which of the protocol's tasks; none: all"""
    folder: Path | None = None
    """where everything is kept, and gone on from; none: benchmarks/PROTOCOL"""
    episodes: int = 0
    """of each task; 0: as many as the protocol says"""
    turns: int = 0
    """an episode may have; 0: as many as its level says"""
    told_episodes: int = 30
    """of each task for language models that were only told what to do, which are slow; 0: as for
    others"""
    told_turns: int = 64
    """an episode of theirs may have; 0: as others"""
    as_published: tuple[Original, ...] = ()
    """what is done as in the original: unreadable: its action in place of none; history: exactly
    its window; prompt: the action alone, without tags; seeds: other missions for every policy, and
    as many as were published"""
    shots: int = 1
    """episodes of the expert that few-shot policies are shown"""
    reply_tokens: int = 64
    """the longest reply of a model that was only told what to do"""
    answer_tokens: int = 24
    """its longest reply where it is not asked for a thought"""
    temperature: float = 0.2
    """its replies are drawn with: at 1, small models lose their thread"""
    baseline: tuple[str, ...] = ("reactive",)
    """policies that the others are compared with, mission by mission, as the report calls them"""
    workers: int = 0
    """processes; 0: one a core"""
    seats: int = 128
    """episodes that a process plays at once"""
    told_seats: int = 32
    """the same for models that were only told what to do: what is under way is lost where play is
    stopped"""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """of models' weights; auto: what this machine is fastest in"""
    report_only: bool = False
    """play nothing: write the report of what was played so far"""
    json: Path | None = None
    """a file of results to put these into, beside those of other protocols and policies"""
    api: ChatSettings = field(default_factory=ChatSettings)
    """of `api:MODEL`"""

    def __post_init__(self) -> None:
        for name in ("episodes", "turns", "told_episodes", "told_turns", "workers"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")
        for name in ("shots", "seats", "told_seats", "reply_tokens", "answer_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
