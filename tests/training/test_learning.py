"""Learning itself: a tiny policy learns a tiny world, and nothing where reward means nothing."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from agent.language_policy import DictatedPolicy, LanguagePolicy, Sampling
from agent.models import Mind
from agent.nano import nano_tokenizer
from agent.policies import RandomPolicy
from agent.replies import ReplyMode
from agent.rollout import play, play_groups
from agent.types import Start
from tests.support.corridor import Corridor
from training.batching import make_batch
from training.cold_start import imitate
from training.config import ColdStartConfig, GrpoConfig, LearnerConfig, TrainConfig
from training.evaluation import measure
from training.grpo import assess, learn
from training.learner import Learner

STARTS = [Start("corridor", seed) for seed in range(24)]
SAMPLING = Sampling(max_reply_tokens=8)


def tiny_mind() -> Mind:
    torch.manual_seed(0)
    tokenizer = nano_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
    )
    return Mind(LlamaForCausalLM(config), tokenizer, "tiny")


def lift(config: GrpoConfig) -> tuple[float, float]:
    """Success before and after GRPO, from a cold start on a random policy's episodes.

    What is imitated shows the form of a reply and nothing of the skill.
    """
    torch.set_num_threads(1)
    mind = tiny_mind()
    pairs = [(start, 0) for start in STARTS]
    shown = play(DictatedPolicy(mind, RandomPolicy(), SAMPLING), pairs, make=Corridor)
    learner = Learner(mind, LearnerConfig(), learning_rate=1e-2)
    train = TrainConfig(cold=ColdStartConfig(episodes_per_step=24))
    for step in range(40):
        imitate(train, learner, shown, step)

    policy = LanguagePolicy(mind, SAMPLING, ReplyMode.ANSWER)
    before = measure(play(policy, pairs, make=Corridor)).success
    learner = Learner(mind, LearnerConfig(), config.learning_rate)
    for step in range(config.steps):
        groups = play_groups(policy, STARTS[:6], config.group_size, make=Corridor, stream=(step,))
        batch = make_batch(groups, assess(groups, config, (step,)).advantages)
        if len(batch):
            learn(learner, batch, config)
            policy.sampler.refresh()
    return before, measure(play(policy, pairs, make=Corridor)).success


def test_grpo_learns_from_reward_alone() -> None:
    before, after = lift(GrpoConfig(steps=20, group_size=8, learning_rate=3e-3))
    assert before < 0.7
    assert after > 0.95


@pytest.mark.slow
def test_permuted_returns_teach_nothing() -> None:
    before, after = lift(
        GrpoConfig(steps=20, group_size=8, learning_rate=3e-3, permute_returns=True)
    )
    assert after < before + 0.25
