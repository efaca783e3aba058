"""Ready-made runs. A preset is a function, so that it can be read, and changed in one place."""

from collections.abc import Callable
from dataclasses import replace

from agent.language_policy import Sampling
from agent.replies import ReplyMode
from envs.errors import unknown
from training.config import (
    ColdStartConfig,
    EvaluationConfig,
    GrpoConfig,
    LearnerConfig,
    TrainConfig,
)


def default() -> TrainConfig:
    """`nano` from scratch learns to go to a named object in a small room, in five minutes."""
    return TrainConfig(
        sampling=Sampling(temperature=0.8, max_reply_tokens=20, history=0),
        hard_share=0.5,
        cold=ColdStartConfig(
            demonstrations=500,
            slips=0.1,
            habit=0.7,
            steps=600,
            episodes_per_step=4,
            learning_rate=2e-3,
        ),
        grpo=GrpoConfig(
            steps=40,
            learning_rate=1e-3,
            warmup=5,
            episode_credit=0.0,
            step_credit=1.0,
            format_coef=0.5,
        ),
        learner=LearnerConfig(optimizer="muon", precision="auto", micro_batch_tokens=8192),
    )


def mixed() -> TrainConfig:
    """`nano` learns the mixed level of GLAM and BALROG, shown in ever other words."""
    base = default()
    return replace(
        base,
        task="mixed-lessons",
        hard_share=0.0,
        sampling=replace(
            base.sampling, max_reply_tokens=128, memory=False, note=True, numbered=True
        ),
        cold=replace(
            base.cold,
            demonstrations=3000,
            slips=0.05,
            habit=0.35,
            misdeeds=0.15,
            false_notes=0.7,
            steps=1900,
            learning_rate=3e-3,
            episodes_per_step=48,
            rows_per_step=48,
            reading=0.5,
            drawn=True,
        ),
        grpo=replace(
            base.grpo,
            steps=36,
            groups=20,
            rows=500,
            most_turns=40,
            learning_rate=6e-4,
            updates_per_batch=2,
        ),
        learner=replace(base.learner, micro_batch_tokens=4096),
        evaluation=EvaluationConfig(missions=256),
    )


def study() -> TrainConfig:
    """What the arms of `make study` have in common; not tuned yet."""
    base = mixed()
    return replace(
        base,
        task="mixed-ordered",
        cold=replace(
            base.cold,
            demonstrations=1000,
            drawn=False,
            questions=1000,
            steps=600,
            modes=(ReplyMode.THINK, ReplyMode.ANSWER, ReplyMode.FILLER),
        ),
        grpo=replace(base.grpo, steps=30),
        sampling=replace(base.sampling, max_reply_tokens=160),
        keep_every=5,
        checkpoint_every=5,
    )


def smollm2() -> TrainConfig:
    """The same job on a real pretrained model, SmolLM2-135M, in less than two hours."""
    return TrainConfig(
        model="smollm2",
        sampling=Sampling(max_reply_tokens=48, history=0),
        hard_share=0.5,
        cold=ColdStartConfig(
            demonstrations=100,
            slips=0.1,
            habit=0.6,
            steps=48,
            episodes_per_step=4,
            learning_rate=5e-5,
            warmup=3,
        ),
        grpo=GrpoConfig(
            steps=12,
            groups=8,
            group_size=8,
            learning_rate=1e-5,
            warmup=2,
            episode_credit=0.0,
            step_credit=1.0,
            format_coef=0.5,
        ),
        learner=LearnerConfig(precision="auto", micro_batch_tokens=4096, seats=64),
        evaluation=EvaluationConfig(missions=256, validation_missions=64, every=4),
        checkpoint_every=4,
    )


def tiny() -> TrainConfig:
    """Every stage in seconds, to see that an installation works. It learns little."""
    return TrainConfig(
        sampling=Sampling(max_reply_tokens=32),
        cold=ColdStartConfig(demonstrations=8, slips=0.15, steps=4, episodes_per_step=4),
        grpo=GrpoConfig(steps=4, groups=2, group_size=2),
        learner=LearnerConfig(optimizer="muon"),
        evaluation=EvaluationConfig(missions=8, validation_missions=4, every=2),
        checkpoint_every=1,
    )


PRESETS: dict[str, Callable[[], TrainConfig]] = {
    preset.__name__: preset for preset in (default, mixed, study, smollm2, tiny)
}


def preset(name: str) -> TrainConfig:
    """The preset of this name.

    Raises:
        ValueError: if there is none, with the nearest name.
    """
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]()
