"""The arms of the study: one cold start, and what each arm does from there.

Every arm of a seed begins with the checkpoint that `cold` ends with. What an arm needs besides, it
names: `yoked` follows what `grounded` has played.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agent.replies import ReplyMode
from envs.errors import unknown
from training.checkpoints import newest_checkpoint
from training.config import TrainConfig
from training.run_dir import read_metrics

FRESH = 1_000_000
"""Added to a run's seed where its demonstrations are to be others than the cold start's."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the runs of a study lie."""

    folder: Path

    def run(self, arm: str, seed: int) -> Path:
        """The run folder of an arm."""
        return self.folder / "runs" / f"{arm}-{seed}"

    def cold(self, seed: int) -> str:
        """The checkpoint that every arm of this seed begins with.

        Raises:
            ValueError: if the cold start is not done.
        """
        saved = newest_checkpoint(self.run("cold", seed) / "checkpoints", "cold_start")
        if saved is None:
            raise ValueError(f"there is no cold start of seed {seed} in {self.folder} yet")
        return str(saved.model)


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the things that are compared."""

    name: str
    about: str
    """what it is trained on, and which doubt it answers"""
    configure: Callable[[TrainConfig, Place], TrainConfig]
    """its run, from the study's base and where the other runs lie"""
    after: tuple[str, ...] = ("cold",)
    """arms of the same seed that must be done before"""
    stage: str = "grpo"
    """under which name its mind is measured at the end"""


def _cold(base: TrainConfig, place: Place) -> TrainConfig:
    return replace(base, grpo=replace(base.grpo, steps=0))


def _from_cold(base: TrainConfig, place: Place) -> TrainConfig:
    return replace(base, model=place.cold(base.seed), cold_start="none")


def _grounded(base: TrainConfig, place: Place) -> TrainConfig:
    return _from_cold(base, place)


def _cold_plus(base: TrainConfig, place: Place) -> TrainConfig:
    return _imitating(base, place, base.cold.demonstrations, base.seed, base.cold.habit)


def _expert_text(base: TrainConfig, place: Place) -> TrainConfig:
    return _imitating(base, place, 4 * base.cold.demonstrations, base.seed + FRESH, 0.0)


def _imitating(
    base: TrainConfig, place: Place, demonstrations: int, seed: int, habit: float
) -> TrainConfig:
    """Imitation that goes on from the cold start, for as many tokens as GRPO learns from.

    How many updates that are is known once `grounded` is done: they are counted there.
    """
    grounded = place.run("grounded", base.seed)
    updates = updates_for(grounded, place.run("cold", base.seed))
    cold = replace(
        base.cold,
        demonstrations=demonstrations,
        habit=habit,
        steps=updates,
        learning_rate=base.grpo.learning_rate,
    )
    return replace(
        base,
        model=place.cold(base.seed),
        seed=seed,
        cold=cold,
        grpo=replace(base.grpo, steps=0),
        evaluation=replace(base.evaluation, zero_shot=False),
    )


def _yoked(base: TrainConfig, place: Place) -> TrainConfig:
    followed = str(place.run("grounded", base.seed))
    return replace(_from_cold(base, place), yoked_to=followed)


def _yoked_successes(base: TrainConfig, place: Place) -> TrainConfig:
    return replace(_yoked(base, place), yoked_part="successes")


def _text_rl(base: TrainConfig, place: Place) -> TrainConfig:
    return _asked(base, place, "questions-apart")


def _text_rl_upper(base: TrainConfig, place: Place) -> TrainConfig:
    return _asked(base, place, "questions")


def _asked(base: TrainConfig, place: Place, task: str) -> TrainConfig:
    return replace(_from_cold(base, place), task=task, hard_share=0.0)


def _broken(base: TrainConfig, place: Place) -> TrainConfig:
    return replace(_from_cold(base, place), grpo=replace(base.grpo, permute_returns=True))


def _no_think(base: TrainConfig, place: Place) -> TrainConfig:
    return replace(_from_cold(base, place), reply_mode=ReplyMode.ANSWER)


def _filler(base: TrainConfig, place: Place) -> TrainConfig:
    return replace(_from_cold(base, place), reply_mode=ReplyMode.FILLER)


AFTER_GROUNDED = ("cold", "grounded")

ARMS = {
    arm.name: arm
    for arm in (
        Arm("cold", "nothing more: where everyone starts", _cold, (), "cold_start"),
        Arm("cold+", "the cold start's own data again: was it only more training?", _cold_plus,
            AFTER_GROUNDED, "cold_start"),
        Arm("grounded", "GRPO on the world's reward, with thoughts: the treatment", _grounded),
        Arm("yoked", "what `grounded` did, imitated in its order: exposure without agency", _yoked,
            AFTER_GROUNDED, "yoked"),
        Arm("yoked-successes", "the same, what went well alone", _yoked_successes,
            AFTER_GROUNDED, "yoked"),
        Arm("expert-text", "an expert's episodes, imitated: good data without agency",
            _expert_text, AFTER_GROUNDED, "cold_start"),
        Arm("text-rl", "GRPO on questions apart from the world: reward without a world", _text_rl),
        Arm("text-rl-upper", "GRPO on the outcome's own questions: the most that text can do",
            _text_rl_upper),
        Arm("broken", "grounded, with returns dealt out anew: reward that means nothing", _broken),
        Arm("no-think", "grounded, answers alone: does the thought matter?", _no_think),
        Arm("filler", "grounded, with dots for thoughts: do its words matter?", _filler),
    )
}  # fmt: skip
"""In the order in which they are done."""


def arm(name: str) -> Arm:
    """The arm of this name; ValueError if there is none."""
    if name not in ARMS:
        raise unknown("arm", name, ARMS)
    return ARMS[name]


def updates_for(grounded: Path, cold: Path) -> int:
    """How many updates of a cold start learn from as many tokens as a run's GRPO did.

    Raises:
        ValueError: if either is not logged yet.
    """
    learned = sum(
        line.get("tokens_trained", 0) for line in read_metrics(grounded) if line["stage"] == "grpo"
    )
    updates = [line for line in read_metrics(cold) if line["stage"] == "cold_start"]
    if not learned or not updates:
        raise ValueError(f"{grounded} and {cold} do not both tell yet what they learned from")
    each = sum(line["tokens_trained"] for line in updates) / len(updates)
    return max(1, round(learned / each))
