"""The mind that comes with the code: small, whole, and as good as its card says."""

import json

import pytest
from safetensors import safe_open

import envs
from agent.language_policy import LanguagePolicy
from agent.loading import load
from agent.models import TRAINED, TRAINED_FOLDER
from agent.rollout import play
from agent.types import Start


@pytest.mark.parametrize("name", TRAINED)
def test_it_is_small_and_whole(name: str) -> None:
    folder = TRAINED_FOLDER / name
    assert sum(path.stat().st_size for path in folder.iterdir()) < 12e6
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert {weights.get_tensor(key).dtype.itemsize for key in weights.keys()} == {2}  # noqa: SIM118
    assert json.loads((folder / "policy.json").read_text())["mode"] == "think"
    assert "licen" in (folder / "README.md").read_text().casefold()


def test_it_succeeds_on_missions_that_it_never_saw() -> None:
    policy = load("nano-mixed", precision="fp32")
    assert isinstance(policy, LanguagePolicy)
    assert policy.name == "nano-mixed"
    starts = [(Start("mixed", seed), 0) for seed in envs.seeds(envs.Split.TEST, 50)]
    episodes = play(policy, starts)
    assert sum(one.success for one in episodes) >= 40
    assert sum(one.unreadable for one in episodes) < 0.02 * sum(len(e.turns) for e in episodes)


def test_a_name_that_is_nearly_its_own_is_put_right() -> None:
    with pytest.raises(ValueError, match="Did you mean 'nano-mixed'"):
        load("nano-mixd")
