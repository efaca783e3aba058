"""Episodes as pictures: every turn has its tile."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import matplotlib.image
import pytest

import envs
from agent.policies import ExpertPolicy
from agent.rollout import play
from agent.types import Start
from training.picture import HEAD, ROW, draw_episode


@pytest.mark.parametrize(("seed", "rows"), [(3, 1), (2, 2)])
def test_a_picture_is_as_high_as_its_turns_need(seed: int, rows: int, tmp_path: Path) -> None:
    [episode] = play(ExpertPolicy(), [(Start("goto-small", seed), 0)])
    assert -(-len(episode.turns) // 3) == rows
    path = tmp_path / "pictures" / "episode.png"
    draw_episode(episode, partial(envs.make, render_mode="rgb_array"), path)
    picture = matplotlib.image.imread(path)
    assert picture.shape[0] == pytest.approx(110 * (HEAD + rows * ROW), abs=2)
    assert picture.std() > 0.1


@pytest.mark.parametrize("said", ["$\\frac$ \\x1b[2J\u202e", "", "$" * 3000])
def test_a_picture_takes_whatever_was_said(said: str, tmp_path: Path) -> None:
    [episode] = play(ExpertPolicy(), [(Start("goto-small", 3), 0)])
    turns = tuple(replace(turn, observation=said, thought=said) for turn in episode.turns)
    hostile = replace(episode, mission=said, turns=turns)
    draw_episode(hostile, partial(envs.make, render_mode="rgb_array"), tmp_path / "episode.png")
