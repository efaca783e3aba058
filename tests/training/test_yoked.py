"""The yoked control follows another run: its rows, its tokens, its order; and what it all cost."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import envs
from agent.language_policy import DictatedPolicy, Sampling
from agent.models import load_model
from agent.policies import ExpertPolicy
from agent.replies import ReplyMode
from agent.rollout import play_groups
from agent.types import Group
from training.batching import Batch, make_batch
from training.cold_start import demonstrate
from training.config import ColdStartConfig, EvaluationConfig, TrainConfig, to_json
from training.grpo import assess
from training.learner import Learner
from training.ledger import Ledger, ledger
from training.presets import preset
from training.run_dir import RunDir, read_evaluation, read_metrics
from training.starts import GRPO, draw_starts
from training.train import train
from training.yoked import follow, transcripts

STEPS = 3


def config(**changes: Any) -> TrainConfig:
    tiny = preset("tiny")
    few = EvaluationConfig(missions=2, validation_missions=2, every=2)
    grpo = replace(tiny.grpo, steps=STEPS)
    return replace(tiny, grpo=grpo, evaluation=few, threads=1, keep_every=1, **changes)


@pytest.fixture(scope="module")
def led(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that others follow: its episodes are a clumsy expert's, so that some fail."""
    folder = tmp_path_factory.mktemp("runs") / "led"
    about = config()
    with RunDir.create(folder, to_json(about)) as run:
        train(replace(about, grpo=replace(about.grpo, steps=0)), run)
        teacher = ExpertPolicy(slips=0.2, habit=0.8)
        player = DictatedPolicy(load_model(cold(folder)), teacher, about.sampling)
        for step in range(STEPS):
            starts = draw_starts(about, GRPO, step, 2)
            groups = play_groups(player, starts, 2, stream=(0, step), make=envs.make)
            run.save_episodes("grpo", step, groups)
    return folder


def cold(led: Path) -> str:
    return str(sorted((led / "checkpoints").glob("*cold_start*"))[-1])


def following(led: Path, **changes: Any) -> TrainConfig:
    return config(model=cold(led), cold_start="none", yoked_to=str(led), **changes)


def rows(groups: list[Group], about: TrainConfig) -> Batch:
    batch = make_batch(groups, assess(groups, about.grpo).advantages)
    return batch.take(batch.taught())


def learned(folder: Path, stage: str) -> list[dict[str, Any]]:
    return [line for line in read_metrics(folder) if line["stage"] == stage]


def test_transcripts_are_the_steps_as_they_were_played(led: Path) -> None:
    steps = list(transcripts(led))
    assert [step for step, _ in steps] == [*range(STEPS)]
    for _, groups in steps:
        assert [len(group.episodes) for group in groups] == [2, 2]
        assert all(one.start == group.start for group in groups for one in group.episodes)


def test_it_learns_from_the_same_tokens_in_the_same_order(led: Path, tmp_path: Path) -> None:
    with RunDir.create(tmp_path / "yoked", to_json(following(led))) as run:
        train(following(led), run)
    shown = [int(rows(groups, following(led)).lengths.sum()) for _, groups in transcripts(led)]
    assert [line["tokens_trained"] for line in learned(tmp_path / "yoked", "yoked")] == shown
    assert sum(shown) > 0
    rates = [line["learning_rate"] for line in learned(tmp_path / "yoked", "yoked")]
    assert rates == sorted(rates, reverse=True)
    assert {"cold_start", "yoked"} <= {*read_evaluation(tmp_path / "yoked")}
    before = read_metrics(tmp_path / "yoked")
    with RunDir.resume(tmp_path / "yoked") as run:
        train(following(led), run)
    assert read_metrics(tmp_path / "yoked") == before


def test_its_loss_is_that_of_every_reply_token(led: Path) -> None:
    about = following(led)
    mind = load_model(about.model)
    learner = Learner(mind, replace(about.learner, precision="fp32"), 1e-3)
    step, groups = next(one for one in transcripts(led) if rows(one[1], about))
    batch = rows(groups, about)
    with torch.no_grad():
        log_probs, _ = learner.log_probs(batch)
    update, tokens = follow(about, learner, groups, step)
    assert update is not None
    assert update.loss == pytest.approx(float(-log_probs[batch.mask].mean()), rel=1e-4)
    assert tokens == int(batch.lengths.sum())


def test_successes_alone(led: Path) -> None:
    about = following(led, yoked_part="successes")
    learner = Learner(load_model(about.model), about.learner, 1e-3)
    every, won = 0, 0
    for step, groups in transcripts(led):
        batch = rows(groups, about)
        ends = [one.success for group in groups for one in group.episodes]
        kept = [bool(ends[number]) for number in batch.episode]
        every += int(batch.lengths.sum())
        won += sum(int(length) for length, won in zip(batch.lengths, kept, strict=True) if won)
        _, tokens = follow(about, learner, groups, step)
        won -= tokens
    assert won == 0 < every


def test_what_has_not_been_played_cannot_be_followed(led: Path, tmp_path: Path) -> None:
    more = following(led)
    more = replace(more, grpo=replace(more.grpo, steps=5))
    with (
        RunDir.create(tmp_path / "run", to_json(more)) as run,
        pytest.raises(ValueError, match=r"5 steps to follow, and .* has played 3"),
    ):
        train(more, run)
    with pytest.raises(ValueError, match="there are no episodes in"):
        list(transcripts(tmp_path / "nothing"))


def test_two_controls_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="choose one"):
        config(yoked_to="runs/x", cold_plus_minutes=1)


def test_questions_are_shown_in_every_mode() -> None:
    modes = (ReplyMode.THINK, ReplyMode.ANSWER, ReplyMode.FILLER)
    about = replace(
        config(),
        sampling=Sampling(max_reply_tokens=200),
        cold=ColdStartConfig(demonstrations=3, questions=30, modes=modes),
    )
    shown = demonstrate(about, load_model("nano"))
    asked = [one for one in shown if one.start.task == "questions-easy"]
    assert len(asked) == 30 == len(shown) - 3
    assert all(one.success and len(one.turns) == 1 for one in asked)
    replies = [one.turns[0].reply for one in asked]
    assert sum(reply.startswith("<answer>") for reply in replies) == 10
    assert sum(reply.startswith("<think>.") for reply in replies) == 10


class TestLedger:
    def test_it_counts_what_was_logged(self, led: Path) -> None:
        spent = ledger(led)
        lines = read_metrics(led)
        trained = sum(line.get("tokens_trained", 0) for line in lines)
        sampled = sum(line.get("tokens_sampled", 0) for line in lines)
        read = sum(line.get("tokens_read", 0) for line in lines)
        assert spent.weights == 2_090_496
        assert spent.flops == 2 * 2_090_496 * (read + sampled) + 6 * 2_090_496 * trained
        assert trained > 0

    def test_by_hand(self) -> None:
        lines = [
            {"stage": "cold_start", "loss": 1.0, "skipped": "", "tokens_trained": 10, "seconds": 1},
            {"stage": "validation", "tokens_read": 99, "seconds": 9},
            {
                "stage": "grpo",
                "tokens_read": 4,
                "tokens_sampled": 1,
                "world_steps": 3,
                "seconds": 2,
            },
        ]
        spent = Ledger.of(lines, weights=5)
        assert spent == Ledger(5, 1, 3, 4, 1, 10, 3)
        assert spent.flops == 2 * 5 * 5 + 6 * 5 * 10
