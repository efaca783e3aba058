"""The benchmark of the engine: both sides do the work that it says."""

import pytest
import torch

from agent.models import Mind, load_model
from training.bench import learning, sampling
from training.bench.engine import measurements
from training.bench.timing import Bench

ONCE = Bench(rounds=1, precision="fp32")


@pytest.fixture(scope="module")
def mind() -> Mind:
    torch.set_num_threads(1)
    return load_model("nano")


def test_both_sides_write_replies_of_full_length(mind: Mind) -> None:
    ids = sampling.random_ids(mind, 3, 20)
    ours, peer = sampling.OurSampler(mind, ONCE, 7), sampling.Generate(mind, ONCE)
    assert [len(one.ids) for one in ours.reply(ids.tolist())] == [7, 7, 7]
    assert peer.reply(ids, 7).shape == (3, 27)


def test_members_of_a_group_have_one_prompt(mind: Mind, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(sampling.OurSampler, "reply", lambda self, ids: asked.append(ids))
    monkeypatch.setattr(sampling, "REPLY", 2)
    sampling.decode(mind, ONCE, live=4, members=2)
    one, same, other, _ = asked[0]
    assert one == same != other


def test_our_sampler_is_given_nothing(mind: Mind) -> None:
    """The same prompts again are read again: those of the episodes before are forgotten."""
    ours = sampling.OurSampler(mind, ONCE, 2)
    rows, reads = sampling.random_ids(mind, 2, 20).tolist(), []
    decode = ours.sampler._decode
    ours.sampler._decode = lambda ids, cache: (reads.append(ids.numel()), decode(ids, cache))[1]
    for _ in range(2):
        ours.reply(rows)
    assert reads == [40, 2, 40, 2]
    ours.reply([[5, 6]] * 2, opens=False)
    assert reads[4:] == [6, 2], "the last token of the reply before, and the two new ones"


def test_both_learners_take_the_same_step(mind: Mind, monkeypatch) -> None:
    monkeypatch.setattr(learning, "TURNS", 1)
    before = [weight.detach().clone() for weight in mind.model.parameters()]
    moved = []
    for way in (
        learning.our_update(mind, ONCE, rows=4, micro_batch_tokens=160),
        learning.plain_update(mind, ONCE, rows=4),
    ):
        way()
        with torch.no_grad():
            pairs = list(zip(mind.model.parameters(), before, strict=True))
            moved.append(torch.cat([(now - then).flatten() for now, then in pairs]))
            for now, then in pairs:
                now.copy_(then)
    assert moved[0].abs().max() > 0
    close = torch.isclose(moved[0], moved[1], rtol=0.1, atol=1e-8).float().mean()
    assert close > 0.98, "AdamW's first step is a sign: where a gradient is 0 it may be either"


def test_the_products_are_those_of_a_step(mind: Mind) -> None:
    weights = sampling.fused_weights(mind.model, torch.float32)
    numbers = sum(weight.numel() for weight in weights)
    norms = sum(one.numel() for name, one in mind.model.named_parameters() if "norm" in name)
    assert numbers == sum(one.numel() for one in mind.model.parameters()) - norms


def test_names_are_checked_before_anything_is_measured() -> None:
    assert list(measurements(ONCE, ["smollm2_multi_turn"])) == ["smollm2_multi_turn"]
    assert "grpo_step_vs_trl" in measurements(ONCE, against_trl=True)
    with pytest.raises(ValueError, match="did you mean 'nano_decode_8'"):
        measurements(ONCE, ["nano_decode_9"])


@pytest.mark.slow
def test_trl_takes_steps() -> None:
    from training.bench.grpo_step import grpo_step_vs_trl

    found = grpo_step_vs_trl(load_model("smollm2"), ONCE, groups=1, prompt=20)
    assert found.ours > 0
    assert found.peer > 0


def test_learner_rows_are_episodes_of_600_tokens(mind: Mind) -> None:
    batch = learning.episodes_to_learn(mind, rows=2)
    assert batch.ids.shape == (2, 600)
    assert batch.mask.sum() == 2 * 8 * 30
