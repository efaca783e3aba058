"""What a result may depend on beside the configuration: code, versions, machine."""

import importlib.metadata
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("torch", "transformers", "numpy", "minigrid", "gymnasium", "peft", "safetensors")


def circumstances(threads: int | None) -> dict[str, Any]:
    """They go into `run.json`.

    threads: that were asked for, if any.
    """
    return {
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "commit": _commit(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "threads": threads or torch.get_num_threads(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _commit() -> str | None:
    """The git commit of the code, marked where files were changed since; None outside git."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True, timeout=10
        )
        return done.stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        return commit + (" and changes" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return None
