"""Experts succeed, bear being overruled, and say so where they cannot."""

import random

import pytest

import envs
from envs.expert import CANNOT, Advice, Expert, expert_for
from envs.quest import Quest, read_quest
from envs.text_world import EpisodeStatus

BY_BOT = (
    "goto-small",
    "goto-local",
    "pickup-local",
    "putnext-local",
    "mixed",
    "mixed-balrog",
    "mixed-goto",
    "mixed-pickup",
    "mixed-open",
    "mixed-putnext",
    "mixed-sequence",
    "mixed-held-out",
    "mixed-two-pickups",
)
BY_PLAN = (
    "empty",
    "lavagap",
    "crossing",
    "doorkey",
    "unlock",
    "unlock-pickup",
    "MiniGrid-LavaCrossingS9N2-v0",
)


def play(name: str, seed: int, overruled: float = 0.0) -> tuple[EpisodeStatus, list[Advice]]:
    """An episode led by the expert, which is overruled at random turns."""
    world = envs.make(name)
    world.reset(seed=seed)
    expert = expert_for(world)
    chance = random.Random(seed)
    given = []
    while world.status is EpisodeStatus.RUNNING:
        given.append(expert.advise())
        harmless = ["turn left", "turn right", "what?", ""]
        action = chance.choice(harmless) if chance.random() < overruled else given[-1].action
        world.step(action)
    return world.status, given


@pytest.mark.parametrize("name", [*BY_BOT, *BY_PLAN])
def test_experts_succeed_on_every_task_they_take(name):
    for seed in envs.seeds("validation", 8):
        status, given = play(name, seed)
        assert status is EpisodeStatus.SUCCESS
        assert not any(advice.stuck for advice in given)


def test_fourrooms_is_found_within_its_limit_nearly_always():
    found = [play("fourrooms", seed)[0] for seed in envs.seeds("validation", 20)]
    assert found.count(EpisodeStatus.SUCCESS) >= 18


@pytest.mark.parametrize("name", [*BY_BOT, "doorkey", "lavagap", "unlock", "unlock-pickup"])
def test_experts_bear_being_overruled(name):
    for seed in envs.seeds("validation", 4):
        status, _ = play(name, seed, overruled=0.25)
        assert status in (EpisodeStatus.SUCCESS, EpisodeStatus.TRUNCATED)
        if name != "goto-small":  # whose 24 turns may run out
            assert status is EpisodeStatus.SUCCESS


def test_the_bot_recovers_from_deeds_that_undo_its_plan():
    """Whatever is picked up, dropped and toggled by someone else, there is always advice."""
    for seed in range(6):
        world = envs.make("mixed", turn_limit=60)
        world.reset(seed=seed)
        expert, chance = expert_for(world), random.Random(seed)
        while world.status is EpisodeStatus.RUNNING:
            advice = expert.advise()
            assert advice.action in world.action_words
            own = chance.random() < 0.5
            world.step(advice.action if own else chance.choice(world.action_words))


@pytest.mark.parametrize("seed", [1073741829, 1073741836])
def test_a_thing_put_next_to_another_is_let_go_though_only_walks_remain(seed):
    status, _ = play("BabyAI-BossLevelNoUnlock-v0", seed)
    assert status is EpisodeStatus.SUCCESS


def test_a_thing_picked_up_is_kept_when_only_walks_remain():
    for seed in envs.seeds("validation", 10):
        _, given = play("mixed-sequence", seed)
        assert "drop" not in [advice.action for advice in given]


def test_the_seed_fixes_what_is_done_and_thought():
    first, again = (play("goto-local", 3)[1] for _ in range(2))
    assert first == again


def test_thoughts_of_the_default_task_are_short_and_of_few_words():
    thoughts = [advice.thought for seed in range(100) for advice in play("goto-small", seed)[1]]
    lengths = [len(thought.split()) for thought in thoughts]
    assert min(lengths) >= 8
    assert sum(lengths) / len(lengths) < 13
    assert len({word for thought in thoughts for word in thought.split()}) < 60


def test_walks_are_no_longer_than_the_bot_s_own():
    from minigrid.utils.baby_ai_bot import BabyAIBot

    ours = theirs = 0
    for seed in range(40):
        ours += len(play("goto-local", seed)[1])
        world = envs.make("goto-local")
        world.reset(seed=seed)
        bot, action = BabyAIBot(world.raw), None
        while world.status is EpisodeStatus.RUNNING:
            action = bot.replan(action)
            world.step(world.action_set.word(action))
            theirs += 1
    assert ours <= theirs * 1.05


def test_an_action_that_the_world_does_not_take_is_never_advised():
    world = envs.make("BabyAI-PickupLoc-v0", actions=["turn left", "turn right", "go forward"])
    world.reset(seed=0)
    expert = expert_for(world)
    advice = [expert.advise()]
    while world.status is EpisodeStatus.RUNNING and not advice[-1].stuck:
        world.step(advice[-1].action)
        advice.append(expert.advise())
    assert advice[-1].stuck
    assert {told.action for told in advice} <= set(world.action_words)


def test_the_action_is_named_in_the_world_s_own_words():
    world = envs.make("goto-small", vocabulary="rotate")
    world.reset(seed=2)
    assert expert_for(world).advise().action == "rotate right"


@pytest.mark.parametrize("beginning", CANNOT)
def test_levels_without_an_expert_are_refused(beginning):
    name = next(name for name in envs.worlds() if name.removeprefix("text/").startswith(beginning))
    world = envs.make(name)
    world.reset(seed=0)
    with pytest.raises(ValueError, match=r"there is no expert for .+: .+"):
        expert_for(world)


def test_a_mission_of_another_kind_is_an_error():
    with pytest.raises(ValueError, match="expected a mission to go to, open or pick up one thing"):
        read_quest("sing a song")


@pytest.mark.parametrize(
    ("mission", "quest"),
    [
        ("get to the green goal square", Quest("go to", "goal", "green")),
        ("get the red key from the blue room, unlock the red door and go to the goal",
         Quest("go to", "goal", "green")),
        ("open the door", Quest("open", "door", None)),
        ("pick up the purple box", Quest("pick up", "box", "purple")),
        ("go get a red key", Quest("pick up", "key", "red")),
        ("go to the grey door", Quest("go to", "door", "grey")),
    ],
)  # fmt: skip
def test_missions_of_minigrid_are_understood(mission, quest):
    assert read_quest(mission) == quest


def test_experts_name_what_is_already_done():
    said = " ".join(
        advice.thought for seed in range(12) for advice in play("mixed-two-pickups", seed)[1]
    )
    assert "I have picked up the " in said or "I carry the " in said
    world = envs.make("BabyAI-GoToSeqS5R2-v0")
    for seed in range(12):
        world.reset(seed=seed)
        if " then " in world.mission:
            break
    thoughts = [advice.thought for advice in play("BabyAI-GoToSeqS5R2-v0", seed)[1]]
    assert any("I have been at the " in thought for thought in thoughts)


def test_the_expert_can_be_made_for_any_moment_of_an_episode():
    world = envs.make("goto-local")
    world.reset(seed=5)
    world.step("turn left")
    expert = Expert(world)
    while world.status is EpisodeStatus.RUNNING:
        world.step(expert.advise().action)
    assert world.status is EpisodeStatus.SUCCESS


def test_what_was_not_thought_is_not_remembered():
    for seed in range(40):
        world, other = envs.make("goto-small"), envs.make("goto-small")
        world.reset(seed=seed), other.reset(seed=seed)
        thinking, silent = Expert(world), Expert(other)
        first = thinking.advise().thought
        assert silent.advise().thought == first
        silent.unthink()
        world.step("turn left"), other.step("turn left")
        told, untold = thinking.advise().thought, silent.advise().thought
        if "nowhere" not in first and "it should be" in told:
            assert "it should be" not in untold
            return
    raise AssertionError("no mission in which the thing goes out of view")
