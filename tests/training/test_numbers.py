"""Numbers gone wrong: the update is skipped and said, the weights stay, the third one stops."""

import copy
import math
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from agent.models import Mind, load_model
from agent.types import EpisodeStatus, Group, ReplyStatus, Start, Turn
from tests.support.faults import keep
from tests.training.played import episode
from training.alarms import Collapse
from training.batching import Batch
from training.config import GrpoConfig, LearnerConfig, to_json
from training.grpo import learn, strange_reward
from training.learner import Learner
from training.presets import preset
from training.run_dir import RunDir, read_metrics
from training.train import train


@pytest.fixture(scope="module")
def mind() -> Mind:
    torch.set_num_threads(1)
    return load_model("nano")


def a_batch() -> Batch:
    ids = torch.arange(40).reshape(4, 10) + 5
    mask = torch.zeros(4, 10, dtype=torch.bool)
    mask[:, 6:] = True
    return Batch(
        ids=ids,
        mask=mask,
        log_probs=torch.full((4, 10), -1.0) * mask,
        advantages=torch.tensor([1.0, -1.0, 0.5, -0.5])[:, None] * mask,
        episode=torch.arange(4),
        lengths=torch.full((4,), 10),
    )


def poisoned(value: float) -> Callable[..., tuple[Tensor, Tensor]]:
    """`Learner.log_probs` with one log-probability that is no number any more."""
    original = Learner.log_probs

    def log_probs(*args: object) -> tuple[Tensor, Tensor]:
        found, entropy = original(*args)  # type: ignore[arg-type]
        spoiled = torch.zeros_like(found)
        spoiled[0, -1] = value
        return found + spoiled, entropy

    return log_probs


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_log_probability_that_is_no_number(mind: Mind, monkeypatch, optimizer, value) -> None:
    learner = Learner(mind, LearnerConfig(optimizer=optimizer), 1e-2)
    monkeypatch.setattr(Learner, "log_probs", poisoned(value))
    assert_skipped(learner, a_batch(), "is (nan|inf|-inf)")


def test_a_gradient_that_is_no_number(mind: Mind) -> None:
    """A loss can be a number where its gradient is none: that of a root at 0."""
    learner = Learner(mind, LearnerConfig(), 1e-2)
    before = copy.deepcopy(mind.model.state_dict())
    update = learner.update(a_batch(), lambda rows, part, found: (found * 0).sum().abs().sqrt())
    assert update.loss == 0
    assert update.skipped == "the gradient is nan"
    assert same(before, mind.model.state_dict())


def test_a_log_probability_of_the_sampler_that_is_no_number(mind: Mind) -> None:
    batch = a_batch()
    batch.log_probs[2, 7] = math.nan
    assert_skipped(Learner(mind, LearnerConfig(), 1e-2), batch, "of the sampler is not finite")


def test_a_ratio_that_explodes(mind: Mind) -> None:
    again = Mind(copy.deepcopy(mind.model), mind.tokenizer, mind.name)
    learner = Learner(again, LearnerConfig(), learning_rate=10.0)
    update, figures = learn(learner, a_batch(), GrpoConfig(updates_per_batch=3))
    assert update.skipped.startswith("a ratio is ")
    assert figures["ratio"] > 100


def test_a_sound_update_is_not_skipped(mind: Mind) -> None:
    again = Mind(copy.deepcopy(mind.model), mind.tokenizer, mind.name)
    before = copy.deepcopy(again.model.state_dict())
    update, figures = learn(Learner(again, LearnerConfig(), 1e-3), a_batch(), GrpoConfig())
    assert not update.skipped
    assert figures["ratio"] == 1.0
    assert not same(before, again.model.state_dict())


@pytest.mark.parametrize("reward", [math.nan, math.inf, -1.01, 1.01])
def test_a_reward_outside_of_what_the_world_declares(reward: float) -> None:
    def group(paid: float) -> Group:
        turn = Turn("", "", "", "", ReplyStatus.OK, paid)
        return Group(Start("x", 7), (replace(episode(turn), status=EpisodeStatus.FAILURE),))

    assert strange_reward([group(1.0), group(-1.0)], (-1.0, 1.0)) == ""
    assert f"x, seed 7, paid {reward}" in strange_reward([group(0), group(reward)], (-1.0, 1.0))


def test_three_skipped_updates_stop_the_run_at_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("training.train.strange_reward", lambda *_: "a turn paid 5")
    config = replace(preset("tiny"), threads=1)
    with (
        RunDir.create(tmp_path / "run", to_json(config)) as run,
        pytest.raises(Collapse, match=r"3 updates running.*a turn paid 5.*0\d\d\d-grpo-2"),
    ):
        train(config, run)
    lines = [line for line in read_metrics(tmp_path / "run") if line["stage"] == "grpo"]
    assert [line["skipped"] for line in lines] == ["a turn paid 5"] * 3
    assert all("update skipped: a turn paid 5" in line["alarms"] for line in lines)
    assert (tmp_path / "run" / "report.md").exists()


def spoil(learner: Learner, batch: Batch, chance: random.Random) -> str:
    """One number gone wrong somewhere that is read; returns where."""
    value = chance.choice([math.nan, math.inf, -math.inf])
    row, column = chance.randrange(4), chance.randrange(6, 10)
    kind = chance.choice(["sampler", "advantage", "gradient", "weight"])
    if kind == "sampler":
        batch.log_probs[row, column] = value
    elif kind == "advantage":
        batch.advantages[row, column] = value
    else:
        weight = chance.choice(learner.weights[1:])  # of the embeddings, not all are read
        place = chance.randrange(weight.numel())
        if kind == "weight":
            weight.data.view(-1)[place] = value
        else:

            def spoiled(gradient: Tensor) -> Tensor:
                gradient = gradient.clone()
                gradient.view(-1)[place] = value
                return gradient

            weight.register_hook(spoiled)
    return kind


@pytest.mark.parametrize("faults", [8, pytest.param(500, marks=pytest.mark.slow)])
def test_numbers_gone_wrong_anywhere_move_nothing(mind: Mind, faults: int) -> None:
    chance = random.Random(faults)
    for _ in range(faults):
        spoiled = Mind(copy.deepcopy(mind.model), mind.tokenizer, mind.name)
        learner, batch = Learner(spoiled, LearnerConfig(), 1e-2), a_batch()
        kind = spoil(learner, batch, chance)
        before = copy.deepcopy(spoiled.model.state_dict())
        update, _ = learn(learner, batch, GrpoConfig())
        assert update.skipped, kind
        after = spoiled.model.state_dict()
        assert all(
            torch.equal(one.nan_to_num(), after[name].nan_to_num()) for name, one in before.items()
        )
    if faults > 100:
        keep("make test ARGS='-m slow tests/training/test_numbers.py'", numeric_faults=faults)


def test_a_world_that_pays_more_than_it_declares_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("envs.grid_world.GridWorld.reward_range", (2.0, 3.0))
    config = replace(preset("tiny"), threads=1)
    with (
        RunDir.create(tmp_path / "run", to_json(config)) as run,
        pytest.raises(Collapse, match=r"3 updates running.*paid 0\.0, outside of 2\.0 to 3\.0"),
    ):
        train(config, run)


def test_an_infinite_gradient_in_the_cold_start_is_said_and_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.nn.utils.clip_grad_norm_", lambda *_: torch.tensor(math.inf))
    config = replace(preset("tiny"), threads=1)
    with (
        RunDir.create(tmp_path / "run", to_json(config)) as run,
        pytest.raises(Collapse, match="the gradient is inf"),
    ):
        train(config, run)
    lines = [line for line in read_metrics(tmp_path / "run") if line["stage"] == "cold_start"]
    assert [line["alarms"] for line in lines] == [["update skipped: the gradient is inf"]] * 3
    assert (
        "Updates skipped, because a number had gone wrong: 3."
        in (tmp_path / "run" / "report.md").read_text()
    )


def assert_skipped(learner: Learner, batch: Batch, reason: str) -> None:
    """The update is skipped for this reason; weights and optimizer are as they were."""
    before = copy.deepcopy(learner.model.state_dict())
    update, _ = learn(learner, batch, GrpoConfig())
    assert update.skipped
    assert re.search(reason, update.skipped)
    assert same(before, learner.model.state_dict())
    assert not learner.optimizer.state_dict()["state"]


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_rows_without_any_credit_change_nothing_and_are_not_read(mind: Mind) -> None:
    batch = a_batch()
    batch.advantages[1] = batch.advantages[3] = 0.0
    updates, tokens = [], []
    for kl_coef in (0.0, 1e-12):  # with a penalty every row is read
        again = Mind(copy.deepcopy(mind.model), mind.tokenizer, mind.name)
        learner = Learner(again, LearnerConfig(), 1e-3)
        update, figures = learn(learner, batch, GrpoConfig(kl_coef=kl_coef), reference=mind.model)
        updates.append(update)
        tokens.append(figures["tokens_trained"])
    assert tokens == [20, 40]
    assert updates[0].loss == pytest.approx(updates[1].loss, rel=1e-5)
    assert updates[0].grad_norm == pytest.approx(updates[1].grad_norm, rel=1e-4)
