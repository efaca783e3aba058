"""Few-shot prompts: episodes of the expert, which a model reads as if it had played them itself."""

from collections.abc import Iterable

from agent.policies import ExpertPolicy
from agent.prompts import Example, mission_text
from agent.replies import ReplyMode
from agent.rollout import MakeWorld, play
from agent.types import Start


def examples(
    task: str,
    count: int,
    seeds: Iterable[int],
    make: MakeWorld,
    mode: ReplyMode = ReplyMode.THINK,
) -> tuple[Example, ...]:
    """The turns of whole episodes of a task, one after the other; the first of each tells its
    mission.

    Args:
        task: the name that `make` knows.
        count: how many episodes.
        seeds: of the episodes, of which the first that the expert succeeds on are taken; give
            training seeds.
        make: makes a world from a task's name.
        mode: the form of the replies that are shown.

    Raises:
        ValueError: where no expert can do the task, or it does not succeed so often.
    """
    shown: list[Example] = []
    found = 0
    for seed in seeds:
        if found == count:
            break
        [episode] = play(ExpertPolicy(mode), [(Start(task, seed), 0)], make=make)
        if episode.success:
            found += 1
            mission = mission_text(episode.mission)
            for turn in episode.turns:
                shown.append(Example(mission + turn.observation, turn.reply))
                mission = ""
    if found < count:
        raise ValueError(f"the expert succeeded in {found} episodes of {task}, not in {count}")
    return tuple(shown)
