"""The remote chat API, before a real server of its protocol that serves a real model."""

from pathlib import Path

import pytest
import torch

from agent.chat_api import ChatPolicy, ChatSettings, ProviderError, Usage
from agent.language_policy import Sampling
from agent.loading import load
from agent.models import load_model, save_model
from agent.rollout import play
from agent.types import Episode, Start
from tests.support.chat_servers import serving
from tests.support.corridor import Corridor

STARTS = [(Start("corridor", seed), 0) for seed in range(3)]
GREEDY = Sampling(0, max_reply_tokens=12, history=1)


def asked_of(episode: Episode, turn: int) -> list[dict[str, str]]:
    """The messages of a turn with a history of one, put together by hand."""
    system = (
        "You live in a grid world. Each turn tells what you sense, and you reply with one action. "
        "First think: <think>thought</think>. Then act: <answer>action</answer>. Actions: left, "
        "right. Mission: go to the goal."
    )
    times = {0: "", 1: "", 2: "Before: nothing. "}.get(turn, f"Before: nothing {turn - 1} times. ")
    turns = episode.turns
    last = turns[turn - 1]
    shown = [
        {"role": "user", "content": times + last.observation},
        {"role": "assistant", "content": last.reply},
    ]
    now = {"role": "user", "content": turns[turn].observation}
    return [{"role": "system", "content": system}, *(shown if turn else []), now]


def test_a_served_model_says_what_the_same_model_says_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    mind = load_model("nano")
    save_model(mind, tmp_path)
    name = f"api:{tmp_path}"
    settings = ChatSettings(cache=tmp_path / "replies", input_price=3, output_price=5)
    with serving(tmp_path) as url:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        policy = load(name, sampling=GREEDY, chat=settings)
        assert isinstance(policy, ChatPolicy)
        episodes = play(policy, STARTS, make=Corridor)
        with pytest.raises(ProviderError, match=r"status 400 .*requested 'another'"):
            play(ChatPolicy("another"), STARTS, make=Corridor)

    read = written = 0
    for episode in episodes:
        for number, turn in enumerate(episode.turns):
            ids = mind.tokenizer.apply_chat_template(
                asked_of(episode, number), add_generation_prompt=True, return_tensors="pt"
            )["input_ids"]
            with torch.inference_mode():
                out = mind.model.generate(ids, do_sample=False, max_new_tokens=12)
            new = out[0, ids.shape[1] :]
            text = mind.tokenizer.decode(new, skip_special_tokens=True)
            assert turn.reply == text.split("</answer>")[0]
            read, written = read + ids.shape[1], written + len(new)
    turns = sum(len(episode.turns) for episode in episodes)
    assert turns == 18
    cost = pytest.approx((3 * read + 5 * written) / 1e6)
    assert policy.usage == Usage(turns, read, written, cost)

    again = load(name, sampling=GREEDY, chat=settings)  # the server is gone
    assert isinstance(again, ChatPolicy)
    assert play(again, STARTS, make=Corridor) == episodes
    assert again.usage == Usage(cached=turns)
