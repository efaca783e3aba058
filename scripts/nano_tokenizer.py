"""Train nano's tokenizer again, on demonstrations, and write it where `agent.nano` reads it.

Checkpoints carry their own tokenizer and stay valid.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.nano import TOKENIZER_FILE, demonstrated_texts, train_tokenizer
from scripts.cli import friendly, options, write_json


@dataclass(frozen=True, slots=True)
class Options:
    """What to train on, and where to."""

    episodes: int = 30
    """demonstrations of each task in each phrasing"""
    out: Path = TOKENIZER_FILE
    """the file to write"""
    json: Path | None = None
    """where to write the number of tokens as JSON"""


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line, train, write."""
    with friendly():
        given = sys.argv[1:] if args is None else args
        asked = options(Options, "nano_tokenizer", given, __doc__ or "")
        print("playing demonstrations: a minute")
        tokenizer = train_tokenizer(demonstrated_texts(asked.episodes))
        tokenizer.backend_tokenizer.save(str(asked.out))
        print(f"wrote {asked.out}: {len(tokenizer)} tokens")
        write_json(asked.json, {"file": str(asked.out), "tokens": len(tokenizer)})


if __name__ == "__main__":
    main()
