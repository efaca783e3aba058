"""Screening: who knows nothing is at chance, who knows all has nothing to show."""

from collections.abc import Sequence

import pytest

from agent.policies import LiveEpisode, RandomPolicy, Response
from agent.replies import ReplyMode, render
from envs.questions.reasoning_gym_world import ReasoningGymWorld
from scripts import screen as script
from training.study.screening import Screened, fitting, screen


class Sometimes:
    """Knows the answer to two questions in three."""

    name = "sometimes"
    mode = ReplyMode.ANSWER

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        return [
            Response(render("", world.solution if one.start.seed % 3 else "what?", self.mode))
            for one in live
            if isinstance(world := one.world, ReasoningGymWorld)
        ]


def test_kept_is_what_is_neither_at_chance_nor_solved() -> None:
    told: list[Screened] = []
    [one] = screen(Sometimes(), ["spell_backward"], 30, told.append)
    assert told == [one]
    assert one.success == 20 / 30
    assert one.chance == pytest.approx(1 / 30)
    assert one.kept
    [guessing] = screen(RandomPolicy(), ["syllogism"], 60)
    assert guessing.chance >= 0.5
    assert not guessing.kept
    assert not Screened("easy", 0.95, 0.1, 60).kept


def test_long_questions_are_left_out() -> None:
    assert fitting(["spell_backward", "rectangle_count"], 200) == ["spell_backward"]
    with pytest.raises(ValueError, match="did you mean 'spell_backward'"):
        fitting(["spell_backwards"], 200)


def test_the_command_names_what_the_study_is_to_ask(capsys: pytest.CaptureFixture[str]) -> None:
    script.main(["--policy", "random", "--tasks", "coin_flip", "aiw", "--items", "5"])
    told = capsys.readouterr().out
    assert told.startswith("coin_flip")
    assert "--far" in told
    with pytest.raises(SystemExit) as left:
        script.main(["--policy", "random", "--items", "0"])
    assert left.value.code == 2
