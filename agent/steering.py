"""One episode of a language model, turn by turn, by someone who looks on and may interfere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from agent.language_policy import LanguagePolicy, segment_so_far
from agent.policies import LiveEpisode, Response
from agent.sampler import Request


@dataclass(frozen=True, slots=True)
class Question:
    """What a mind is asked at one turn of one episode."""

    live: LiveEpisode
    prompt_ids: tuple[int, ...]
    """appended at this turn, as in `agent.types.Turn`"""
    opens_segment: bool
    segment: tuple[int, ...]
    """all that the mind reads: the segment so far and the prompt"""
    uniforms: np.ndarray | None
    """what the turn's replies are drawn with; None: the likeliest tokens"""


def ask(policy: LanguagePolicy, live: LiveEpisode) -> Question:
    """The question that the episode's new observation puts.

    `agent.rollout.play` puts the same one, and draws with the same numbers.

    Raises:
        ValueError: if the turn does not fit into the context.
    """
    talk = policy.converse(live.mission, live.world.action_words, live.start.task)
    for turn in live.turns:
        talk.ask(turn.observation)
        talk.answer(turn.reply_ids, turn.action, turn.thought)
    prompt_ids, opens = talk.ask(live.observation)
    before = () if opens else segment_so_far(live.turns)
    return Question(live, prompt_ids, opens, before + prompt_ids, policy.uniforms(live))


def reply(
    policy: LanguagePolicy,
    question: Question,
    begun: str = "",
    on_token: Callable[[int, float], object] = lambda id, log_prob: None,
) -> Response:
    """The mind's reply, which may be asked for again.

    Args:
        begun: what the reply begins with, in another's words; the mind goes on from there.
        on_token: told of each token as it is drawn, with its log-probability.
    """
    given = policy.frame.text(begun)
    request = Request(question.live.key, question.segment + given, question.uniforms, True)
    [drawn] = policy.sampler.generate([request], lambda _, id, found: on_token(id, found))
    ids = given + drawn.ids
    return Response(
        begun + policy.text(drawn.ids),
        not drawn.ended,
        question.prompt_ids,
        ids,
        (0.0,) * len(given) + drawn.log_probs,
        question.opens_segment,
    )


def dictated(policy: LanguagePolicy, question: Question, text: str) -> Response:
    """A reply in someone else's words, in the tokens that the mind will remember it by."""
    ids = policy.frame.text(text)
    response = Response(text, False, question.prompt_ids, ids, (0.0,) * len(ids))
    return replace(response, opens_segment=question.opens_segment)


@torch.inference_mode()
def choice_probabilities(
    policy: LanguagePolicy, question: Question, begun: str, choices: Sequence[str]
) -> list[float]:
    """How likely each way to go on from `begun` is, of these alone.

    A choice's likelihood is that of all its tokens, at the temperature of the policy's replies (at
    1 where that is 0). What they go on from is read once.
    """
    model = policy.mind.model
    opening = question.segment + policy.frame.text(begun)
    rows = [policy.frame.text(choice) for choice in choices]
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + (0,) * (longest - len(row)) for row in rows], device=model.device)
    mask = torch.tensor([[i < len(row) for i in range(longest)] for row in rows])
    read = model(torch.tensor([opening], device=model.device), use_cache=True, logits_to_keep=1)
    cache = read.past_key_values
    cache.batch_repeat_interleave(len(rows))
    behind = model(ids, past_key_values=cache, use_cache=True).logits[:, :-1]
    logits = torch.cat([read.logits.expand(len(rows), 1, -1), behind], 1).float()
    log_probs = (logits / (policy.sampling.temperature or 1.0)).log_softmax(-1)
    scores = log_probs.gather(-1, ids[..., None])[..., 0].cpu().masked_fill(~mask, 0.0).sum(-1)
    return list(scores.softmax(-1).tolist())
