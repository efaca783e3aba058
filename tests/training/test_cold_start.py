"""Imitation: what is imitated, and what is only read."""

from dataclasses import replace
from statistics import mean

import pytest
import torch

from agent.models import load_model
from agent.types import Episode, ReplyStatus
from training.batching import batch_episodes
from training.cold_start import demonstrate, imitate
from training.config import TrainConfig
from training.learner import Learner
from training.presets import tiny


def prepared(**cold: float) -> tuple[TrainConfig, list[Episode], Learner]:
    """A config whose steps imitate all that is shown, what is shown, and who learns."""
    config = tiny()
    config = replace(config, cold=replace(config.cold, episodes_per_step=8, **cold))  # type: ignore[arg-type]
    mind = load_model("nano")
    learner = Learner(mind, replace(config.learner, precision="fp32"), 1e-3)
    return config, demonstrate(config, mind), learner


def test_slips_are_read_and_not_imitated() -> None:
    config, shown, learner = prepared(slips=0.3, habit=0.3)

    expected, tokens, slips = 0.0, 0, 0
    for episode in shown:  # one by one, token by token
        batch = batch_episodes([episode])
        with torch.no_grad():
            log_probs, _ = learner.log_probs(batch)
        for row in range(len(batch)):
            place = 0
            for turn in list(episode.segments())[row]:
                place += len(turn.prompt_ids)
                if not turn.slip:
                    expected -= float(log_probs[row, place : place + len(turn.reply_ids)].sum())
                    tokens += len(turn.reply_ids)
                else:
                    assert turn.status is not ReplyStatus.OK
                    slips += 1
                place += len(turn.reply_ids)
    assert slips > 0

    update, _ = imitate(config, learner, shown, step=0)
    assert update.loss == pytest.approx(expected / tokens, rel=1e-4)


def test_reading_adds_a_loss_of_its_own_on_what_is_read() -> None:
    config, shown, learner = prepared(reading=0.25, slips=0.0)

    losses: dict[bool, list[float]] = {True: [], False: []}  # by whether the token was written
    for episode in shown:  # row by row, by transformers' own logits
        for turns in episode.segments():
            pieces = [(turn.prompt_ids, turn.reply_ids) for turn in turns]
            ids = [token for piece in pieces for part in piece for token in part]
            written = [w for prompt, reply in pieces for w in [0] * len(prompt) + [1] * len(reply)]
            with torch.no_grad():
                logits = learner.model(torch.tensor([ids])).logits[0, :-1]
            logs = logits.log_softmax(-1)
            for place, token in enumerate(ids[1:], 1):
                losses[bool(written[place])].append(-float(logs[place - 1, token]))
    update, _ = imitate(config, learner, shown, step=0)
    expected = mean(losses[True]) + 0.25 * mean(losses[False])
    assert update.loss == pytest.approx(expected, rel=1e-4)
