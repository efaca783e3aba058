"""Who takes part in a benchmark: a policy's name with what it is given and asked for."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import envs
from agent.chat_api import PREFIX, ChatSettings
from agent.few_shot import examples
from agent.language_policy import Sampling
from agent.loading import POLICIES, SETTINGS, load, newest_model
from agent.models import NAMES
from agent.policies import Policy
from agent.prompts import Example
from agent.replies import ReplyMode
from agent.rollout import MakeWorld
from envs.errors import unknown
from envs.phrasing import TRAINING_WORDINGS
from training.benchmark.protocols import Protocol, Trial
from training.trained_on import trained_phrasing

WISHES = ("few-shot", "no-think", "greedy")
"""What may stand behind a policy's name, after commas."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A policy, and how it plays.

    >>> contestant("smollm2,few-shot,no-think").label
    'smollm2, few-shot, no thinking'
    """

    source: str
    """what `agent.load` takes"""
    trained: bool = False
    """whether it is a mind of this project's own, which knows how to reply"""
    few_shot: bool = False
    """whether it is shown an episode of the expert"""
    no_think: bool = False
    """whether it answers without a thought"""
    greedy: bool = False
    """whether it takes the likeliest token each time"""
    phrasing: str | None = None
    """how observations are told to it, where not as the protocol has it"""

    @property
    def told(self) -> bool:
        """Whether it is a language model that was only told what to do."""
        return self.source not in POLICIES and not self.trained

    @property
    def remote(self) -> bool:
        """Whether a provider plays it."""
        return self.source.startswith(PREFIX)

    @property
    def label(self) -> str:
        """As it stands in a table."""
        words = [self.source]
        if self.told:
            words.append("few-shot" if self.few_shot else "zero-shot")
        words += ["no thinking"] * self.no_think + ["greedy"] * self.greedy
        words += [f"told by {self.phrasing!r}"] * (self.phrasing is not None)
        return ", ".join(words)

    @property
    def slug(self) -> str:
        """As the name of a file."""
        return re.sub(r"[^\w.-]+", "-", self.label).strip("-.")


def contestant(text: str) -> Contestant:
    """Read `NAME[,few-shot][,no-think][,greedy]`.

    Raises:
        ValueError: for a wish or a name that is unknown, or a wish that the policy cannot fulfil.
    """
    source, *wishes = (word.strip() for word in text.split(","))
    for wish in wishes:
        if wish not in WISHES:
            raise unknown("wish for a policy", wish, WISHES)
    folder = Path(source)
    model = newest_model(folder)  # which reads all of a checkpoint: once
    _check_name(source, model)
    trained = bool(model) or (folder / SETTINGS).is_file()
    few_shot, no_think, greedy = (wish in wishes for wish in WISHES)
    found = Contestant(source, trained, few_shot, no_think, greedy)
    if source in POLICIES and wishes:
        raise ValueError(f"{source} is no language model, and cannot be asked for {wishes[0]}.")
    if found.trained and (found.few_shot or found.no_think):
        raise ValueError(
            f"{source} was trained to reply in a form of its own: only greedy can be asked for."
        )
    return found


def _check_name(source: str, model: Path | None) -> None:
    """Refuse what can be nobody's name, before anything is played; `model` is a run's newest."""
    path = Path(source)
    if model or source.startswith(PREFIX) or source in POLICIES or source in NAMES:
        return
    if source and path.is_dir():
        if not list(path.glob("*config.json")):
            raise ValueError(f"the folder {path} holds no model and no run with a checkpoint.")
        return
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", source) or path.parent.is_dir():
        raise unknown("policy", source, [*POLICIES, *NAMES])


def with_own_phrasing(one: Contestant, phrasing: str = "sentences") -> Contestant | None:
    """The same one told in the words it was trained on, where those are not the protocol's."""
    own = trained_phrasing(one.source)
    known = set(TRAINING_WORDINGS) if own == "drawn" else {own}
    return None if own is None or phrasing in known else replace(one, phrasing=own)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all language models of a benchmark have in common."""

    sliding: bool = False
    """whether a model that was only told what to do is shown exactly the protocol's history each
    turn; else half as many turns at least, which is far cheaper: it reads on where it was"""
    bare: bool = False
    """whether it is asked for the action alone, without tags"""
    shots: int = 1
    """episodes of the expert that few-shot policies are shown"""
    reply_tokens: int = 64
    """the longest reply with a thought"""
    answer_tokens: int = 24
    """the longest reply without one"""
    temperature: float = 0.2
    """its replies are drawn with"""
    precision: str = "fp32"
    """of weights"""


def open_policy(
    one: Contestant,
    weights: str,
    protocol: Protocol,
    make: MakeWorld,
    conditions: Conditions,
    api: ChatSettings,
) -> Policy:
    """The policy that plays for a contestant.

    A mind that was trained here keeps its own sampling and memory.

    Args:
        one: the contestant.
        weights: what `agent.load` takes: its source, or the one checkpoint of it that plays.
        protocol: what it plays.
        make: makes the world of a trial, as it will be played.
        conditions: of all language models.
        api: of a provider.

    Raises:
        ValueError: if it cannot be loaded.
    """
    greedy = 0.0 if one.greedy else None
    if not one.told:
        return load(weights, temperature=greedy, precision=conditions.precision)
    mode = ReplyMode.ANSWER if one.no_think else ReplyMode.THINK
    mode = ReplyMode.BARE if conditions.bare else mode
    every_turn = conditions.sliding or one.remote
    sampling = Sampling(
        temperature=0.0 if one.greedy else conditions.temperature,
        max_reply_tokens=(
            conditions.reply_tokens if mode is ReplyMode.THINK else conditions.answer_tokens
        ),
        history=protocol.history,
        kept=protocol.history if every_turn else protocol.history // 2,
        memory=not conditions.sliding,
    )
    shown = shown_examples(protocol, make, mode, conditions.shots) if one.few_shot else {}
    return load(
        weights,
        sampling=sampling,
        mode=mode,
        precision=conditions.precision,
        examples=shown,
        chat=api,
    )


EXAMPLE_SEEDS = 20
"""Training seeds among which the examples are looked for."""


def shown_examples(
    protocol: Protocol, make: MakeWorld, mode: ReplyMode, shots: int
) -> dict[str, tuple[Example, ...]]:
    """What few-shot policies are shown, by trial: episodes of the expert on training seeds.

    Of a protocol whose trials are tests of generalisation, all show the task as it is trained on.
    """

    def of(trial: Trial) -> tuple[Example, ...]:
        seeds = envs.seeds(envs.Split.TRAIN, EXAMPLE_SEEDS)
        try:
            return examples(trial.name, shots, seeds, make, mode)
        except ValueError:  # the expert may need more turns than it is given
            return examples(trial.name, shots, seeds, lambda _: trial.make(), mode)

    if protocol.average:
        return {trial.name: of(trial) for trial in protocol.trials}
    return dict.fromkeys((trial.name for trial in protocol.trials), of(protocol.trials[0]))
