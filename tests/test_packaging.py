"""The lock files fulfil what pyproject.toml asks for, and hold on any machine."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
RUNTIME, DEV = "requirements.lock", "requirements-dev.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def lines(lock: str) -> list[str]:
    """A lock file without its comments."""
    return [line for line in (ROOT / lock).read_text().splitlines() if not line.startswith("#")]


def locked(*locks: str) -> dict[str, str]:
    """Version of each package."""
    pins = (line.split("==") for lock in locks for line in lines(lock) if "==" in line)
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("lock", [RUNTIME, DEV])
def test_a_lock_holds_exact_versions_and_no_places(lock: str) -> None:
    strange = [line for line in lines(lock) if not re.fullmatch(r"[\w.-]+==[\w.]+", line)]
    assert strange == (["-r requirements.lock"] if lock == DEV else [])


def test_the_locks_share_no_package() -> None:
    assert set(locked(RUNTIME)) & set(locked(DEV)) == set()


@pytest.mark.parametrize(
    ("asked", "locks"),
    [
        *((line, (RUNTIME,)) for line in PROJECT["dependencies"]),
        *((line, (RUNTIME, DEV)) for line in PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_what_is_locked_is_what_was_asked_for(asked: str, locks: tuple[str, ...]) -> None:
    requirement = Requirement(asked)
    version = locked(*locks)[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version)


def test_nothing_brings_a_second_pygame() -> None:
    assert "pygame" not in locked(RUNTIME, DEV)
