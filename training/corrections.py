"""Corrections: a mind plays, and an expert says of each of its turns what it would have replied.

Demonstrations show how an expert goes on from what an expert did and thought. What follows on a
mind's own mistakes, they never show. So it is let play, and its own turns are then imitated with
the expert's replies in place of its own (dataset aggregation, https://arxiv.org/abs/1011.0686).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.language_policy import LanguagePolicy, Sampling
from agent.policies import in_numbers
from agent.prompts import ChatFrame
from agent.replies import ReplyMode, render
from agent.rollout import play
from agent.types import Episode, Group, Turn
from envs.expert import expert_for
from envs.grid_world import GridWorld
from training.config import TrainConfig
from training.metrics import read_lines
from training.replays import kept_episode
from training.run_dir import RunDir
from training.starts import CORRECTIONS, draw_starts, training_world
from training.summaries import summarize_play

STAGE, FILE = "corrections", "corrections.jsonl"


class OwnPlay:
    """What a mind plays half-way through its cold start, to be corrected. It is kept in the run's
    folder, so that a run that was interrupted goes on with the same."""

    def __init__(self, config: TrainConfig, run: RunDir, policy: LanguagePolicy) -> None:
        """`policy`: of the mind that learns."""
        self.config = config
        self.run = run
        self.policy = policy
        self.make = training_world(config, config.grpo.most_turns, config.cold.drawn)

    @property
    def steps(self) -> tuple[int, ...]:
        """The updates of the cold start before which the mind plays."""
        steps = self.config.cold.steps
        return (steps // 2, 3 * steps // 4) if self.config.cold.corrections else ()

    def kept(self) -> list[Episode]:
        """What a run that goes on has played already, corrected."""
        kept = map(kept_episode, read_lines(self.run.folder / FILE))
        return self._corrected([one.episode for one in kept])

    def corrected(self, step: int, leave: Callable[[], object]) -> list[Episode]:
        """Let the mind play, and correct it.

        Args:
            step: of the cold start.
            leave: called after each episode; raises where the user wants to stop.
        """
        config, count = self.config, self.config.cold.corrections
        began, told = time.perf_counter(), self.run.counting("playing to be corrected", count)
        self.policy.sampler.refresh()
        episodes = play(
            self.policy,
            [(start, 0) for start in draw_starts(config, CORRECTIONS, step, count)],
            stream=(config.seed, CORRECTIONS, step),
            seats=config.learner.seats,
            make=self.make,
            on_episode=lambda episode: (told(episode), leave()),
        )
        self.run.save_episodes(STAGE, step, [Group(one.start, (one,)) for one in episodes], FILE)
        corrections = self._corrected(episodes)
        seconds = time.perf_counter() - began
        self.run.log(STAGE, step, summarize_play(episodes) | {"seconds": seconds})
        return corrections

    def _corrected(self, episodes: Sequence[Episode]) -> list[Episode]:
        worlds = {task: self.make(task) for task in {one.start.task for one in episodes}}
        mode, sampling = self.config.reply_mode, self.config.sampling
        corrections = []
        for one in episodes:
            world = worlds[one.start.task]
            assert isinstance(world, GridWorld), "there are experts of grids alone"
            corrections.append(correct(one, world, self.policy.frame, mode, sampling))
        return corrections


def correct(
    episode: Episode, world: GridWorld, frame: ChatFrame, mode: ReplyMode, sampling: Sampling
) -> Episode:
    """The episode, read as it was read, with an expert's replies.

    The expert remembers all that was observed, and the mind its last thought: so a thing out of
    view is followed only from the mind's own thought (`Expert.hear`), and a reply that tells of a
    deed which the mind's note has lost is not to be imitated (its turn is a slip), nor is one that
    is longer than a reply may be.

    Args:
        episode: as a mind played it.
        world: of its task; it is reset, and the episode's actions are done again.
        frame: the mind's.
        mode: what its replies hold.
        sampling: how it replied.
    """
    world.reset(seed=episode.start.seed)
    expert = expert_for(world)
    turns: list[Turn] = []
    told: set[str] = set()
    noted: set[str] = set()
    for turn in episode.turns:
        advice = expert.advise()
        before, told = told, _deeds(world, advice.thought)
        lost = (told & before) - noted
        if sampling.numbered:
            advice = in_numbers(advice, world)
        ids = frame.text(render(advice.thought, advice.action, mode))
        unfit = bool(lost) or advice.stuck or len(ids) > sampling.max_reply_tokens
        turns.append(replace(turn, reply_ids=ids, log_probs=(), slip=unfit))
        noted = _deeds(world, turn.thought) if turn.thought else noted
        expert.hear(turn.thought)
        world.step(turn.action)
    return replace(episode, turns=tuple(turns))


def _deeds(world: GridWorld, thought: str) -> set[str]:
    """What a thought says has been done, whatever else it says."""
    sentences = world.in_plain_words(thought).split(". ")
    return {one for one in sentences if one.startswith("I have ")}
