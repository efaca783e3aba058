"""Every option of a training run, checked when it is built. `--help` is made from this file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from agent.language_policy import Sampling
from agent.replies import ReplyMode
from envs.errors import unknown
from envs.phrasing import PHRASINGS
from envs.tasks import task
from training.advantages import Normalise
from training.losses import Weighting

T = TypeVar("T")


def _need(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class ColdStartConfig:
    """Imitation of a few demonstrations, so that the first replies can be read."""

    demonstrations: int = 100
    """episodes of the expert to imitate"""
    steps: int = 150
    """updates"""
    episodes_per_step: int = 32
    """demonstrations in each update"""
    rows_per_step: int = 0
    """of those demonstrations' rows, so many are drawn for the update; 0: all. Where each turn is a
    row of its own, few rows of many demonstrations teach more than all of a few"""
    learning_rate: float = 1e-3
    """after the warm-up, from where it falls to 0 in a straight line"""
    warmup: int = 10
    """updates over which the learning rate rises to its value"""
    reading: float = 0.0
    """weight of foretelling what is read, beside what is written: a mind that knows no words yet
    learns sooner what they have to do with one another"""
    slips: float = 0.0
    """share of the expert's replies that are spoiled on purpose. They are not imitated: what comes
    after them shows how to go on"""
    habit: float = 0.0
    """share of its turns on which the expert moves as it did last, right or wrong, and says so.
    These are imitated: nobody tells a learner which of its teacher's moves were mistakes"""
    misdeeds: float = 0.0
    """share of the turns on which the expert could take or put down something wrong, on which it
    does. These are not imitated: what comes after them shows how to set it right"""
    false_notes: float = 0.0
    """share of the notes that are wrong about what can be known without them: a learner whose notes
    are always right goes by them, and does not look"""
    drawn: bool = False
    """tell each demonstration in words of its own for things, actions and senses, whatever the run
    goes on in: a mind then reads what they are called, and does not know it by heart"""
    questions: int = 0
    """easy questions with their answers that are shown besides"""
    modes: tuple[ReplyMode, ...] = ()
    """reply modes the demonstrations show in turn, where arms share them; none: the run's own"""

    def __post_init__(self) -> None:
        _need(self.demonstrations >= 1, f"demonstrations must be >= 1, got {self.demonstrations}")
        _need(self.questions >= 0, f"questions must be >= 0, got {self.questions}")
        _need(self.steps >= 0, f"cold-start steps must be >= 0, got {self.steps}")
        _need(
            self.episodes_per_step >= 1,
            f"episodes_per_step must be >= 1, got {self.episodes_per_step}",
        )
        _need(self.rows_per_step >= 0, f"rows_per_step must be >= 0, got {self.rows_per_step}")
        _need(self.learning_rate > 0, f"learning_rate must be > 0, got {self.learning_rate}")
        _need(self.warmup >= 0, f"warmup must be >= 0, got {self.warmup}")
        _need(self.reading >= 0, f"reading must be >= 0, got {self.reading}")
        for name in ("slips", "habit", "misdeeds", "false_notes"):
            share = getattr(self, name)
            _need(0 <= share < 1, f"{name} must be at least 0 and below 1, got {share}")


@dataclass(frozen=True, slots=True)
class GrpoConfig:
    """Group relative policy optimisation (DeepSeekMath, arXiv:2402.03300) and its kin."""

    steps: int = 40
    """rounds of play and update; 0 stops after the cold start"""
    groups: int = 16
    """G: starts played a step"""
    group_size: int = 8
    """K: episodes played from each start"""
    most_turns: int = 0
    """turns that these episodes may have; 0: as many as the level says. What fails then ends
    sooner, and is cheaper"""
    rows: int = 0
    """rows read a step, drawn by how much they weigh; 0: all that have an advantage. Where turns
    have credit of their own, a few hundred tell nearly as much as thousands"""
    learning_rate: float = 1e-4
    """after the warm-up; it falls to 0 in a straight line"""
    warmup: int = 0
    """steps over which the learning rate rises to its value. A first step alone is mostly noise"""
    updates_per_batch: int = 1
    """updates made from each batch of episodes; above 1 the clip bounds come into play"""
    clip_low: float = 0.2
    """the ratio's lower bound is 1 - clip_low"""
    clip_high: float = 0.28
    """the ratio's upper bound is 1 + clip_high (DAPO, arXiv:2503.14476)"""
    kl_coef: float = 0.0
    """weight of the KL divergence to the frozen cold start"""
    normalise: Normalise = "std"
    """whether advantages are divided by their group's standard deviation"""
    weighting: Weighting = "episode"
    """what counts the same: each `episode`, each token (`dapo`), or each token against a constant
    (`dr_grpo`)"""
    format_coef: float = 0.2
    """reward for the share of replies that can be read; with step credit, what one that cannot be
    costs on its turn"""
    length_shade: float = 0.0
    """how much of a success's reward is lost when it takes all its turns"""
    episode_credit: float = 1.0
    """weight, for each turn, of what its episode earned against the group"""
    step_credit: float = 0.0
    """weight of what the turn itself gained, by what came of its states in the whole group"""
    discount: float = 0.95
    """for step credit: what a reward loses with each turn that it is away"""
    permute_returns: bool = False
    """control: what episodes earned, and what turns gained, is dealt out anew over all groups"""

    def __post_init__(self) -> None:
        _need(self.steps >= 0, f"grpo steps must be >= 0, got {self.steps}")
        _need(self.groups >= 1, f"groups must be >= 1, got {self.groups}")
        _need(
            self.group_size >= 2,
            f"group_size must be at least 2, got {self.group_size}: an advantage compares the "
            "episodes of a group with one another.",
        )
        _need(self.most_turns >= 0, f"most_turns must be >= 0, got {self.most_turns}")
        _need(self.rows >= 0, f"rows must be >= 0, got {self.rows}")
        _need(
            not (self.rows and self.kl_coef),
            "a KL penalty holds every token: leave rows at 0, or kl_coef",
        )
        _need(self.learning_rate > 0, f"learning_rate must be > 0, got {self.learning_rate}")
        _need(self.warmup >= 0, f"warmup must be >= 0, got {self.warmup}")
        _need(
            self.updates_per_batch >= 1,
            f"updates_per_batch must be >= 1, got {self.updates_per_batch}",
        )
        _need(
            0 <= self.clip_low < 1 and self.clip_high >= 0,
            f"the ratio's bounds 1 - clip_low and 1 + clip_high must not cross and must not be "
            f"negative: 0 <= clip_low < 1 and clip_high >= 0, got {self.clip_low} and "
            f"{self.clip_high}",
        )
        _need(self.kl_coef >= 0, f"kl_coef must be >= 0, got {self.kl_coef}")
        _need(self.format_coef >= 0, f"format_coef must be >= 0, got {self.format_coef}")
        _need(self.step_credit >= 0, f"step_credit must be >= 0, got {self.step_credit}")
        _need(
            self.episode_credit == 1 or (self.episode_credit >= 0 and self.step_credit > 0),
            f"episode_credit weighs episodes against step credit: 1 without it, 0 or more with it, "
            f"got {self.episode_credit} and {self.step_credit}",
        )
        _need(0 <= self.discount <= 1, f"discount must be between 0 and 1, got {self.discount}")
        _need(
            0 <= self.length_shade <= 1,
            f"length_shade must be between 0 and 1, got {self.length_shade}",
        )


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """How policies are measured."""

    missions: int = 512
    """held-out test missions, played after the cold start and at the end"""
    validation_missions: int = 128
    """held-out validation missions, played while training to see a collapse"""
    every: int = 10
    """GRPO steps between validations"""
    zero_shot: bool = True
    """measure a pretrained model before its cold start, too: few of its replies can be read, so its
    episodes last to the turn limit and take as long as everything else that is measured"""

    def __post_init__(self) -> None:
        _need(self.missions >= 1, f"missions must be >= 1, got {self.missions}")
        _need(
            self.validation_missions >= 1,
            f"validation_missions must be >= 1, got {self.validation_missions}",
        )
        _need(self.every >= 1, f"every must be >= 1, got {self.every}")


@dataclass(frozen=True, slots=True)
class LearnerConfig:
    """The optimizer, and what fits into memory. The last three change no result."""

    optimizer: Literal["adamw", "muon"] = "adamw"
    """`muon` learns sooner where a model is trained from scratch"""
    weight_decay: float = 0.01
    """of the optimizer"""
    max_grad_norm: float = 1.0
    """gradients longer than this are scaled down to it"""
    lora_rank: int = 0
    """rank of low-rank adapters trained in place of the weights; 0: all weights are trained"""
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    """of the matrix products; `auto`: what this machine is fastest in, measured as a run is created
    and kept when it goes on. The trained weights themselves are fp32 always"""
    micro_batch_tokens: int = 16384
    """the most tokens, padding included, in one forward and backward pass, whose rows are
    shared out among threads"""
    gradient_checkpointing: bool = False
    """compute activations twice rather than keep them"""
    seats: int = 128
    """episodes sampled at once"""

    def __post_init__(self) -> None:
        _need(self.weight_decay >= 0, f"weight_decay must be >= 0, got {self.weight_decay}")
        _need(self.max_grad_norm > 0, f"max_grad_norm must be > 0, got {self.max_grad_norm}")
        _need(self.lora_rank >= 0, f"lora_rank must be >= 0, got {self.lora_rank}")
        _need(
            self.micro_batch_tokens >= 1,
            f"micro_batch_tokens must be >= 1, got {self.micro_batch_tokens}",
        )
        _need(self.seats >= 1, f"seats must be >= 1, got {self.seats}")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A run: demonstrations, cold start, GRPO, evaluation."""

    task: str = "goto-small"
    """a named task, or any MiniGrid or BabyAI id"""
    phrasing: str = "sentences"
    """how observations are put into words; `drawn`: anew for each episode, from its seed"""
    nouns: Literal["plain", "drawn"] = "plain"
    """what things are called; `drawn`: four in five episodes have other words, real or made up"""
    vocabulary: Literal["plain", "drawn"] = "plain"
    """what the actions are called; `drawn`: four in five episodes have words for them that mean
    nothing"""
    model: str = "nano"
    """`nano` (from scratch), `nano-mixed` (trained), `smollm2`, a Hugging Face id, or a folder"""
    seed: int = 0
    """fixes the initial weights, the missions and every draw"""
    cold_start: Literal["expert", "none"] = "expert"
    """imitate the expert first, or not at all (as R1-Zero)"""
    reply_mode: ReplyMode = ReplyMode.THINK
    """think and answer, answer alone, or dots and answer"""
    hard_share: float = 0.0
    """share of the missions shown and played in training that a rule without memory fails; 0: as
    they come"""
    cold_plus_minutes: float = 0.0
    """control: in place of GRPO, go on with the cold start for so many minutes"""
    yoked_to: str = ""
    """control: in place of GRPO, imitate what this run played, step by step"""
    yoked_part: Literal["all", "successes"] = "all"
    """which of its episodes"""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """where the model lies; `auto`: on a GPU where there is one"""
    threads: int = 0
    """torch threads; 0: torch's own choice. Results repeat exactly for the same number alone"""
    checkpoint_every: int = 10
    """GRPO steps between checkpoints, where they take no longer than a minute"""
    keep_every: int = 0
    """keep the checkpoints of GRPO steps that this divides, besides the last and best; 0: none"""
    sampling: Sampling = field(default_factory=Sampling)
    cold: ColdStartConfig = field(default_factory=ColdStartConfig)
    grpo: GrpoConfig = field(default_factory=GrpoConfig)
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)

    def __post_init__(self) -> None:
        task(self.task)
        if self.phrasing not in ("drawn", *PHRASINGS):
            raise unknown("phrasing", self.phrasing, ["drawn", *PHRASINGS])
        _need(
            not self.cold.modes or self.reply_mode in self.cold.modes,
            f"the demonstrations must show the run's own reply mode: {self.reply_mode.value} is "
            "not among cold.modes",
        )
        _need(self.threads >= 0, f"threads must be >= 0, got {self.threads}")
        _need(self.seed >= 0, f"seed must be >= 0, got {self.seed}")
        _need(
            0 <= self.hard_share <= 1, f"hard_share must be between 0 and 1, got {self.hard_share}"
        )
        _need(
            self.cold_plus_minutes >= 0,
            f"cold_plus_minutes must be >= 0, got {self.cold_plus_minutes}",
        )
        _need(
            self.checkpoint_every >= 1,
            f"checkpoint_every must be >= 1, got {self.checkpoint_every}",
        )
        _need(
            self.keep_every >= 0 and self.keep_every % self.checkpoint_every == 0,
            f"keep_every must be a multiple of checkpoint_every, which is {self.checkpoint_every}, "
            f"got {self.keep_every}",
        )
        _need(
            self.sampling.temperature > 0,
            "training samples its episodes: temperature must be above 0, got 0",
        )
        _need(
            not (self.cold_plus_minutes and self.cold_start == "none"),
            "cold_plus_minutes continues a cold start, and cold_start is none",
        )
        _need(
            not (self.cold_plus_minutes and self.yoked_to),
            "cold_plus_minutes and yoked_to are two controls: choose one",
        )


def to_json(config: Any) -> Any:
    """A config as plain JSON values."""
    return json.loads(json.dumps(asdict(config), default=str))


def from_json(kind: type[T], values: Mapping[str, Any]) -> T:
    """The config that `to_json` wrote.

    Raises:
        ValueError: if a field is not known here: the file is another version's.
    """
    hints = get_type_hints(kind)
    for name in values:
        if name not in hints:
            raise unknown(f"option of {kind.__name__}", name, hints)
    return kind(**{name: _value(hints[name], value) for name, value in values.items()})


def _value(hint: Any, value: Any) -> Any:
    """One field, as its type has it."""
    if value is None:
        return None
    kinds = [kind for kind in get_args(hint) or (hint,) if kind is not type(None)]
    if get_origin(hint) is tuple:
        return tuple(_value(kinds[0], one) for one in value)
    kind = kinds[0]
    if isinstance(kind, type) and is_dataclass(kind):
        return from_json(kind, value)
    return kind(value) if isinstance(kind, type) else value
