"""The measure of the experts."""

from training.experts import ExpertRecord, expert_table, measure_experts


def test_experts_are_measured_on_levels_they_can_and_cannot_do():
    worlds = ["MiniGrid-Empty-5x5-v0", "MiniGrid-MemoryS7-v0"]
    empty, memory = measure_experts(worlds, episodes=2)
    assert empty == ExpertRecord("MiniGrid-Empty-5x5-v0", 2, 2, 5.0)
    assert memory.successes == 0
    assert memory.trouble.startswith("expected a mission")


def test_the_table_says_where_there_is_no_expert():
    records = [
        ExpertRecord("text/BabyAI-GoToLocal-v0", 20, 20, 5.25),
        ExpertRecord("text/BabyAI-KeyInBox-v0", 0, 20, 0.8, "stuck"),
    ]
    assert expert_table(records).splitlines()[2:] == [
        "| BabyAI-GoToLocal-v0 | 20/20 | 5.2 | |",
        "| BabyAI-KeyInBox-v0 | 0/20 | 0.8 | no expert (stuck) |",
    ]
