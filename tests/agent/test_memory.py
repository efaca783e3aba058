"""Memory is kept. Where it is out: fewer episodes at once, the same replies, or a word."""

import platform
import subprocess
import sys

import pytest
import torch

from agent.language_policy import LanguagePolicy, Sampling
from agent.memory import as_memory_error
from agent.models import Mind, load_model
from agent.rollout import play
from agent.types import Start
from tests.support.corridor import Corridor

STARTS = [(Start("corridor", seed), 0) for seed in range(7)]


@pytest.fixture(scope="module")
def mind() -> Mind:
    torch.set_num_threads(1)
    return load_model("nano")


def policy_with_room(mind: Mind, rows: int, history: int | None, calls: int = 0) -> LanguagePolicy:
    """A greedy policy whose memory is out with more rows than these, after so many passes."""
    policy = LanguagePolicy(mind, Sampling(0, max_reply_tokens=5, history=history))
    decode, passes = policy.sampler._decode, [0]

    def limited(ids, cache):
        passes[0] += 1
        if len(ids) > rows and passes[0] > calls:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return decode(ids, cache)

    policy.sampler._decode = limited
    return policy


@pytest.mark.parametrize("history", [None, 0])
@pytest.mark.parametrize("calls", [0, 8])
def test_episodes_that_have_to_wait_go_on_as_they_would_have(
    mind: Mind, history: int | None, calls: int, caplog: pytest.LogCaptureFixture
) -> None:
    enough = policy_with_room(mind, 100, history)
    expected = play(enough, STARTS, make=Corridor)
    assert not caplog.messages
    policy = policy_with_room(mind, 3, history, calls)
    found = play(policy, STARTS, make=Corridor)
    for one, other in zip(expected, found, strict=True):
        assert [turn.reply_ids for turn in one.turns] == [turn.reply_ids for turn in other.turns]
        assert [turn.prompt_ids for turn in one.turns] == [turn.prompt_ids for turn in other.turns]
        for turn, same in zip(one.turns, other.turns, strict=True):
            assert turn.log_probs == pytest.approx(same.log_probs, abs=1e-4)
    assert caplog.messages == ["out of memory with 7 live episodes: going on with 3"]
    play(policy, STARTS, make=Corridor)
    assert len(caplog.messages) == 1, "it is said once"


def test_one_episode_too_many(mind: Mind) -> None:
    with pytest.raises(MemoryError, match="CUDA out of memory"):
        play(policy_with_room(mind, 0, None), STARTS, make=Corridor)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), as_memory_error():
        raise RuntimeError("shapes do not fit")
    with pytest.raises(MemoryError), as_memory_error():
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 B")


PAGES = """
import resource, torch
from agent.memory import hand_back_memory, keep_freed_memory

def new_pages():  # of 64 MiB, those that the system had to find
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(1 << 24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

by_itself = min(new_pages() for _ in range(3))
keep_freed_memory()
kept = min(new_pages() for _ in range(3))
hand_back_memory()
print(by_itself, kept, new_pages())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_a_block_that_was_freed_is_used_again_until_it_is_handed_back() -> None:
    """In a process whose heap nobody else has used."""
    told = subprocess.run([sys.executable, "-c", PAGES], capture_output=True, text=True, check=True)
    by_itself, kept, handed_back = map(int, told.stdout.split())
    assert kept < 100 < 1000 < min(by_itself, handed_back)
