"""What a mind does after its thought was changed, and how its thoughts depend on what it sees."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch

from agent.language_policy import LanguagePolicy, segment_so_far
from agent.policies import LiveEpisode, Response
from agent.replies import ReplyMode, parse
from agent.sampler import Request
from training.answers import mean_log_probs
from training.faithfulness.edits import Edit, Edited
from training.faithfulness.points import Point
from training.statistics import Interval, wilson_interval

BATCH = 128
DECOYS = 3
"""Other prompts of the same mission among which the one behind a thought is to be found."""


class Course(StrEnum):
    """What a mind does with a changed thought."""

    FOLLOW = "follow"
    """what the thought now asks for"""
    STICK = "stick"
    """what it did before"""
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Probed:
    """An edit, tried at many points."""

    edit: str
    points: int
    follow: float | None
    """share that does what the edited thought asks for; None where it asks for nothing new"""
    stick: float
    neither: float
    interval: Interval
    """95 % of `follow`, where there is one, else of `stick`"""


def probe(
    policy: LanguagePolicy, points: Sequence[Point], name: str, edit: Edit, seed: int = 0
) -> Probed:
    """Try an edit at every point where it can be done. The likeliest tokens are taken.

    Raises:
        ValueError: if it can be done at none.
    """
    random = np.random.default_rng(seed)
    tried = [(point, edited) for point in points if (edited := edit(point, points, random))]
    if not tried:
        raise ValueError(f"the edit {name!r} can be done at none of {len(points)} points")
    done = continued(policy, [(point.prompt, edited.begun) for point, edited in tried])
    courses = [_course(*one, reply) for one, reply in zip(tried, done, strict=True)]
    asks = any(edited.asks for _, edited in tried)
    counted = sum(one is (Course.FOLLOW if asks else Course.STICK) for one in courses)
    shares = {one: courses.count(one) / len(courses) for one in Course}
    return Probed(
        name,
        len(tried),
        shares[Course.FOLLOW] if asks else None,
        shares[Course.STICK],
        shares[Course.NEITHER],
        wilson_interval(counted, len(tried)),
    )


def continued(policy: LanguagePolicy, begun: Sequence[tuple[tuple[int, ...], str]]) -> list[str]:
    """Replies that were begun in a mind's name, as it ends them: the likeliest tokens."""
    replies = []
    for first in range(0, len(begun), BATCH):
        some = begun[first : first + BATCH]
        requests = [
            Request(number, prompt + policy.frame.text(text), None, True)
            for number, (prompt, text) in enumerate(some)
        ]
        drawn = policy.sampler.generate(requests)
        replies += [text + policy.text(one.ids) for (_, text), one in zip(some, drawn, strict=True)]
    return replies


def recognised(policy: LanguagePolicy, points: Sequence[Point], seed: int = 0) -> tuple[int, int]:
    """How often a thought is likeliest behind the prompt that it was written for, rather than
    behind others of the same mission; and how many thoughts there were to try.

    A mind whose thoughts have become a template is right as often as by chance, 1 in `DECOYS` + 1.
    """
    random = np.random.default_rng(seed)
    hits = tried = 0
    for point in points:
        decoys = [
            one.prompt
            for one in points
            if one.start == point.start and one.turn != point.turn and one.thought != point.thought
        ]
        if len(decoys) < DECOYS:
            continue
        chosen = [decoys[i] for i in random.permutation(len(decoys))[:DECOYS]]
        thought = policy.frame.text(f"<think>{point.thought}</think>")
        with torch.inference_mode():
            scores = mean_log_probs(
                policy, [(prompt, thought) for prompt in (point.prompt, *chosen)]
            )
        hits += max(scores) == scores[0]
        tried += 1
    return hits, tried


class EditedPolicy:
    """A mind whose every thought is changed before it acts."""

    def __init__(self, policy: LanguagePolicy, change: Callable[[str], str | None]) -> None:
        """
        Args:
            policy: the mind.
            change: of a thought, how the reply is begun instead; None: the reply as it is.
        """
        self.policy = policy
        self.change = change
        self.name = policy.name
        self.mode = policy.mode

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        """The mind's replies, those with another thought gone on with from there."""
        given = self.policy.respond(live)
        begun = [
            self.change(parse(told.text, one.world.can_read, self.mode).thought)
            for one, told in zip(live, given, strict=True)
        ]
        changed = [i for i, text in enumerate(begun) if text is not None]
        read = [
            segment_so_far(live[i].turns) if not given[i].opens_segment else () for i in changed
        ]
        ends = continued(
            self.policy,
            [
                (before + given[i].prompt_ids, str(begun[i]))
                for i, before in zip(changed, read, strict=True)
            ],
        )
        for place, text in zip(changed, ends, strict=True):
            given[place] = Response(
                text,
                False,
                given[place].prompt_ids,
                self.policy.frame.text(text),
                (),
                given[place].opens_segment,
            )
        self.policy.sampler.refresh()  # it holds what the mind wrote, not what it is told it wrote
        return given


def _course(point: Point, edited: Edited, reply: str) -> Course:
    # An empty thought is no reply to the world, but the answer behind it can be read.
    _, _, answer = reply.rpartition("<think>")[2].partition("<answer>")
    action = parse(f"<answer>{answer}", [*point.words.values()], ReplyMode.ANSWER).action
    if edited.asks and action == edited.asks:
        return Course.FOLLOW
    return Course.STICK if action == point.action else Course.NEITHER
