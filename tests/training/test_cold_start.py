"""Imitation: what is imitated, and what is only read."""

from dataclasses import replace

import pytest
import torch

from agent.models import load_model
from agent.types import ReplyStatus
from training.batching import batch_episodes
from training.cold_start import demonstrate, imitate
from training.learner import Learner
from training.presets import tiny


def test_slips_are_read_and_not_imitated() -> None:
    config = tiny()
    cold = replace(config.cold, slips=0.3, habit=0.3, episodes_per_step=8)
    config = replace(config, cold=cold)
    mind = load_model("nano")
    shown = demonstrate(config, mind)
    learner = Learner(mind, replace(config.learner, precision="fp32"), 1e-3)

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
