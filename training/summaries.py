"""What a step of play was like, in the numbers that tell a healthy run from a sick one."""

from collections.abc import Sequence

import numpy as np

from agent.types import Group
from training.grpo import Scored


def summarize(groups: Sequence[Group], scored: Scored) -> dict[str, float]:
    """Figures of one step's G groups of K episodes.

    A spread that falls while success does not rise comes before a collapse; thoughts that shrink
    to nothing, before thoughts that mean nothing.
    """
    episodes = [episode for group in groups for episode in group.episodes]
    turns = [turn for episode in episodes for turn in episode.turns]
    return {
        "success": float(np.mean([episode.success for episode in episodes])),
        "reward": float(scored.rewards.mean()),
        "reward_spread": float(scored.rewards.std(axis=1).mean()),
        "dropped_groups": scored.advantages.dropped,
        "unreadable": sum(episode.unreadable for episode in episodes) / len(turns),
        "turns": len(turns) / len(episodes),
        "thought_words": float(np.mean([len(turn.thought.split()) for turn in turns])),
        "episodes": len(episodes),
        "world_steps": len(turns),
        "tokens_sampled": sum(len(turn.reply_ids) for turn in turns),
        "tokens_read": sum(len(turn.prompt_ids) for turn in turns),
    }
