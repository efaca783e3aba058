"""A config that cannot work is refused when it is built, in a sentence that says what to do."""

from collections.abc import Callable

import pytest

from agent.language_policy import Sampling
from training.config import ColdStartConfig, GrpoConfig, TrainConfig, from_json
from training.presets import preset


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: preset("defualt"), "did you mean 'default'"),
        (lambda: TrainConfig(task="goto-smal"), "did you mean 'goto-small'"),
        (lambda: TrainConfig(phrasing="sentence"), "did you mean 'sentences'"),
        (lambda: GrpoConfig(group_size=1), "at least 2, got 1"),
        (lambda: GrpoConfig(clip_low=-0.1), "negative"),
        (lambda: GrpoConfig(clip_high=-0.3), "cross"),
        (lambda: GrpoConfig(clip_low=1.0), "cross"),
        (lambda: GrpoConfig(length_shade=2), "between 0 and 1"),
        (lambda: GrpoConfig(episode_credit=0), "1 without it"),
        (lambda: TrainConfig(hard_share=1.5), "hard_share must be between 0 and 1"),
        (lambda: TrainConfig(threads=-1), "threads must be >= 0"),
        (lambda: ColdStartConfig(habit=1), "habit must be at least 0 and below 1"),
        (lambda: ColdStartConfig(demonstrations=0), "demonstrations must be >= 1"),
        (lambda: TrainConfig(sampling=Sampling(temperature=0)), "above 0"),
        (lambda: TrainConfig(cold_start="none", cold_plus_minutes=1), "cold_start is none"),
        (lambda: from_json(GrpoConfig, {"group_sise": 4}), "did you mean 'group_size'"),
    ],
)
def test_mistakes_are_named(build: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        build()
