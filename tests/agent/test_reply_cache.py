"""The file of replies: what was put survives a kill, for every process; damage is named."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import agent.reply_cache
from agent.reply_cache import ReplyCache, key_of

# The module alone, without its package, so that a process of its own starts in no time.
WRITER = """
import os, pathlib, runpy, signal, sys
module, file, who, many = sys.argv[1:]
cache = runpy.run_path(module)["ReplyCache"](pathlib.Path(file))
for number in range(int(many)):
    cache.put(f"{who} {number}", {"text": who * 100})
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def cache(tmp_path: Path) -> ReplyCache:
    return ReplyCache(tmp_path / "deep" / "replies.sqlite")


def test_what_was_put_is_there(cache: ReplyCache) -> None:
    assert cache.get("a") is None
    cache.put("a", {"text": "\ud800 é </answer>", "cut_off": True})
    cache.put("a", {"text": "later"})
    assert ReplyCache(cache.path).get("a") == {"text": "\ud800 é </answer>", "cut_off": True}


def test_every_part_of_a_question_is_in_its_key() -> None:
    question = {"model": "m", "messages": [{"role": "user", "content": "é"}], "episode": ["t", 0]}
    others = [
        question | {"model": "n"},
        question | {"messages": [{"role": "system", "content": "é"}]},
        question | {"episode": ["t", 1]},
        {"model": "m"},
    ]
    assert len({key_of(one) for one in [question, *others]}) == 5
    assert key_of(dict(reversed(question.items()))) == key_of(question)


def test_processes_write_side_by_side_and_a_kill_loses_nothing(cache: ReplyCache) -> None:
    module = str(agent.reply_cache.__file__)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, module, str(cache.path), who, "12"])
        for who in "abc"
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [-9] * 3
    for who in "abc":
        assert all(cache.get(f"{who} {n}") == {"text": who * 100} for n in range(12))


def test_threads_write_side_by_side(cache: ReplyCache) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: cache.put(str(number % 10), {"n": number % 10}), range(30)))
    assert all(cache.get(str(number)) == {"n": number} for number in range(10))


@pytest.mark.parametrize(
    "content", [b"no database, but words enough " * 50, b"SQLite format 3\0" * 9]
)
def test_a_file_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "replies.sqlite"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"replies\.sqlite is damaged .* put back a copy"):
        ReplyCache(path)
    assert path.read_bytes() == content


def test_a_file_damaged_inside_is_named(cache: ReplyCache) -> None:
    for number in range(20):
        cache.put(key_of(number), {"text": "x" * 2000})
    whole = cache.path.read_bytes()
    cache.path.write_bytes(whole[:4096] + bytes([255]) * (len(whole) - 4096))
    with pytest.raises(ValueError, match=r"replies\.sqlite is damaged"):
        list(map(cache.get, map(key_of, range(20))))


@pytest.mark.parametrize("value", ["{", "[]", "3", b"\xff"])
def test_an_entry_that_is_no_object_is_damage(cache: ReplyCache, value: str | bytes) -> None:
    with sqlite3.connect(cache.path) as database:
        database.execute("INSERT INTO replies VALUES ('a', ?)", (value,))
    database.close()
    with pytest.raises(ValueError, match="damaged"):
        cache.get("a")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be used: unable to open"):
        ReplyCache(tmp_path)
