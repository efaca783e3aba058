"""What others have published on these tasks: figures as they stand in the papers, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Published:
    """A row that somebody else measured."""

    policy: str
    source: str
    average: float | None = None
    """success over all tasks"""
    error: float | None = None
    """its standard error, where it was published"""
    trials: Mapping[str, float] = field(default_factory=dict)
    """success by trial, where it was published"""


_BALROG = "BALROG, arXiv:2411.13543 and its leaderboard"
BALROG = (
    Published("Gemini-2.5-Pro, zero-shot", _BALROG, 0.800, 0.057),
    Published("GPT-4o, zero-shot", _BALROG, 0.776, 0.037),
    Published("DeepSeek-R1, zero-shot", _BALROG, 0.740, 0.062),
    Published("Llama-3.1-8B, zero-shot", _BALROG, 0.360),
    Published("Llama-3.2-1B, zero-shot", _BALROG, 0.080),
)

_GLAM = "GLAM, arXiv:2302.02662"
GLAM = (
    Published(
        "Flan-T5-large, 780M, 1.5 M steps of PPO",
        _GLAM,
        trials={
            "trained mix": 0.89,
            "new composition": 0.12,
            "synonym actions": round(0.89 * (1 - 0.87), 2),
            "French": round(0.89 * (1 - 0.99), 2),
        },
    ),
    Published("Flan-T5-large, zero-shot", _GLAM, trials={"trained mix": 0.11}),
    Published("PPO on symbols, from scratch", _GLAM, trials={"trained mix": 0.17}),
    Published("random", _GLAM, trials={"trained mix": 0.15}),
)
