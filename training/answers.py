"""How a mind does on a suite of questions, scored both ways.

By *likelihood*: of a question's choices, the one whose words are likeliest as an answer is taken,
the logarithm of its probability divided by its tokens. There is no floor: a mind that cannot keep
a form can still find one answer likelier than another. By *generated answer*: it replies as it does
in a world, and what it answers is right or not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from agent.language_policy import LanguagePolicy, Reader
from agent.policies import Policy
from agent.replies import ReplyMode, render
from agent.rollout import play
from agent.types import Episode, Start
from envs.questions import Item, QuestionWorld
from envs.questions.question_world import MISSION
from training.scoring import token_log_probs

BATCH = 32
"""Items scored at a time; each is as many rows as it has choices."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a mind makes of one item."""

    item: Item
    scores: tuple[float, ...]
    """of each choice, the mean log-probability of its tokens; empty for what is no mind"""
    episode: Episode
    """in which it was asked"""

    @property
    def likeliest_is_right(self) -> bool | None:
        """Whether the choice that it finds likeliest is the right one; None for what is no mind."""
        scores = self.scores
        return None if not scores else max(scores) == scores[self.item.answer]

    @property
    def is_right(self) -> bool:
        """Whether it answered rightly."""
        return self.episode.success


def answers(
    policy: Policy, items: Sequence[Item], on_item: Callable[[object], object] = lambda _: None
) -> list[Answer]:
    """What a policy makes of each item, both ways where it is a mind.

    Args:
        policy: who is asked, and how it replies.
        items: a suite.
        on_item: told of each episode as it ends.
    """
    starts = [(Start("suite", number), 0) for number in range(len(items))]
    make = partial(QuestionWorld, items=tuple(items))
    episodes = play(policy, starts, make=make, on_episode=on_item)
    scores = likelihoods(policy, items) if isinstance(policy, LanguagePolicy) else [()] * len(items)
    return [Answer(*one) for one in zip(items, scores, episodes, strict=True)]


@torch.inference_mode()
def likelihoods(policy: LanguagePolicy, items: Sequence[Item]) -> list[tuple[float, ...]]:
    """The mean log-probability of the tokens of each choice, as an answer without a thought."""
    reader = Reader(policy.mind, policy.sampling, ReplyMode.ANSWER)
    found: list[tuple[float, ...]] = []
    for first in range(0, len(items), BATCH):
        some = items[first : first + BATCH]
        prompts = [reader.converse(MISSION, ()).ask(one.text)[0] for one in some]
        rows = [
            (prompt, reader.frame.text(render("", choice, ReplyMode.ANSWER)))
            for one, prompt in zip(some, prompts, strict=True)
            for choice in one.choices
        ]
        scores = iter(mean_log_probs(policy, rows))
        found += [tuple(next(scores) for _ in one.choices) for one in some]
    return found


def mean_log_probs(
    policy: LanguagePolicy, rows: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]
) -> list[float]:
    """For rows of a prompt and what follows it, the mean log-probability of what follows.

    What rows open with alike is read once. Called in inference mode: nothing is learned from it.
    """
    width = max(len(prompt) + len(answer) for prompt, answer in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.int64)
    mask = torch.zeros(len(rows), width, dtype=torch.bool)
    for number, (prompt, answer) in enumerate(rows):
        end = len(prompt) + len(answer)
        ids[number, :end] = torch.tensor([*prompt, *answer])
        mask[number, len(prompt) : end] = True
    device = policy.mind.model.device
    log_probs, _ = token_log_probs(policy.mind.model, ids.to(device), mask.to(device))
    return list((log_probs.sum(1).cpu() / mask.sum(1)).tolist())
