"""Watch one episode in the terminal: text, thought and action of each turn.

python -m scripts.play --policy runs/default-0
python -m scripts.play --policy expert --task mixed --seed 7
python -m scripts.play --policy runs/default-0 --watch     what the window shows, over ssh
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

import envs
from agent import load
from agent.policies import LiveEpisode
from agent.rollout import play
from agent.types import ReplyStatus, Start, Turn
from envs.display import visible
from scripts.cli import friendly, options, write_json
from training.picture import draw_episode
from training.terminal import watch_in_terminal
from training.trained_on import trained_task
from training.watch import live_episodes


@dataclass(frozen=True, slots=True)
class Options:
    """Who plays what."""

    policy: str = "nano-mixed"
    """`random`, `reactive`, `expert`, `nano-mixed`, a run's or model's folder, or a hub id"""
    task: str = ""
    """a named task, or any MiniGrid or BabyAI id; none: what the policy was trained on"""
    phrasing: str = "sentences"
    """how observations are put into words"""
    seed: int = 0
    """which episode; the same seed is the same episode"""
    greedy: bool = False
    """take the likeliest token each time, in place of sampling"""
    watch: bool = False
    """show the world, and the thought as it is drawn, as the window does, and obey its keys"""
    picture: Path | None = None
    """draw the episode here, a tile for each turn"""
    json: Path | None = None
    """write the episode here, too"""


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, play, print each turn as it ends."""
    with friendly():
        asked = options(Options, "play", sys.argv[1:] if args is None else args, __doc__ or "")
        task = asked.task or trained_task(asked.policy)
        envs.task(task)
        if asked.seed < 0:
            raise ValueError(f"seed must be 0 or more, got {asked.seed}")
        policy = load(asked.policy, temperature=0.0 if asked.greedy else None)
        console = Console(highlight=False)
        drawn = partial(envs.make, phrasing=asked.phrasing, render_mode="rgb_array")
        if asked.watch:
            watch_in_terminal(live_episodes([policy], task, asked.seed, drawn), console)
            return
        [episode] = play(
            policy,
            [(Start(task, asked.seed), 0)],
            make=partial(envs.make, phrasing=asked.phrasing),
            on_turn=partial(show, console),
        )
        console.print(
            f"\n{episode.status.value} after {len(episode.turns)} turns, "
            f"return {episode.episode_return:.2f}",
            style="bold green" if episode.success else "bold red",
        )
        write_json(asked.json, asdict(episode))
        if asked.picture:
            draw_episode(episode, drawn, asked.picture)


def show(console: Console, episode: LiveEpisode, turn: Turn) -> None:
    """One turn."""
    number = len(episode.turns)
    if number == 1:
        console.print(Text(f"{episode.start.task}, seed {episode.start.seed}", "dim"))
        console.print(Text(f"Mission: {visible(episode.mission)}", "bold"))
    console.print(Text(f"\n{number:3}  ", "dim").append(visible(turn.observation), "default"))
    if turn.status is ReplyStatus.OK:
        if turn.thought:
            console.print(Text(f"     {visible(turn.thought)}", "italic cyan"))
        console.print(Text(f"     > {visible(turn.action)}", "bold"))
    else:
        console.print(Text(f"     {visible(turn.reply)}", "red"))
        console.print(Text(f"     ! {turn.status.value}", "bold red"))


if __name__ == "__main__":
    main()
