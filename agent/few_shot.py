"""Few-shot prompts: episodes of the expert, put before the mission for a model to go by."""

from collections.abc import Iterable

from agent.policies import ExpertPolicy
from agent.replies import ReplyMode
from agent.rollout import MakeWorld, play
from agent.types import Episode, Start


def examples(
    task: str,
    count: int,
    seeds: Iterable[int],
    make: MakeWorld,
    mode: ReplyMode = ReplyMode.THINK,
) -> str:
    """Whole episodes of a task, one after the other, as text to stand before the mission.

    Args:
        task: the name that `make` knows.
        count: how many.
        seeds: of the episodes, of which the first that the expert succeeds on are taken; give
            training seeds.
        make: makes a world from a task's name.
        mode: the form of the replies that are shown.

    Raises:
        ValueError: where no expert can do the task, or it does not succeed so often.
    """
    told: list[str] = []
    for seed in seeds:
        if len(told) == count:
            break
        [episode] = play(ExpertPolicy(mode), [(Start(task, seed), 0)], make=make)
        told += [_told(episode)] * episode.success
    if len(told) < count:
        raise ValueError(f"the expert succeeded in {len(told)} episodes of {task}, not in {count}")
    return "".join(told)


def _told(episode: Episode) -> str:
    turns = " ".join(
        f"Then you sense: {turn.observation} You reply: {turn.reply}" for turn in episode.turns
    )
    return f"An example. Mission: {episode.mission}. {turns} The mission is fulfilled. "
