"""Watch a mind think while it acts, in a window or recorded without one.

python -m scripts.watch                                    the newest run here, or nano-mixed
python -m scripts.watch --policy runs/default-0 expert     two side by side, on the same seed
python -m scripts.watch --policy human --blind --save mine.jsonl
python -m scripts.watch --episodes runs/default-0          what GRPO played; its newest: --first -1
python -m scripts.watch --policy expert --seed 7 --headless --record out.gif

In the window: space pauses, arrows turn back and on, e edits the thought before the action is
sampled, t takes over, ? tells the rest.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import envs
from agent.loading import load, newest_run, tokenizer_of
from agent.policies import Policy
from envs.viewer.window import SIZE
from scripts.cli import friendly, options, write_json
from training.trained_on import trained_task
from training.watch import RECORDED_SIZE, kept_episodes, live_episodes, record, run_window
from training.watch_config import WatchConfig


def main(args: Sequence[str] | None = None) -> None:
    """Parse the command line and show."""
    with friendly():
        asked = options(WatchConfig, "watch", sys.argv[1:] if args is None else args, __doc__ or "")
        make = partial(envs.make, phrasing=asked.phrasing, render_mode="rgb_array")
        if asked.episodes:
            tokenizer = tokenizer_of(asked.episodes)
            shown = kept_episodes(asked.episodes, asked.first, make, tokenizer)
        else:
            names = asked.policy or (_newest_run(),)
            policies = [_policy(name, asked) for name in names]
            task = asked.task or trained_task(names[0])
            shown = live_episodes(policies, task, asked.seed, make)
        if not asked.headless:
            said = run_window(
                shown, Path("pictures"), asked.save, blind=asked.blind,
                endless=bool(asked.episodes), size=asked.size or SIZE,
            )  # fmt: skip
            if said:
                print(said)
            return
        size = asked.size or RECORDED_SIZE
        episode = record(shown, asked.record, size, blind=asked.blind, turn=asked.turn)
        if asked.sheet:
            from training.picture import draw_episode  # matplotlib: a window need not wait for it

            draw_episode(episode, make, asked.sheet, most=len(episode.turns))
        write_json(asked.json, asdict(episode))
        written = [str(path) for path in (asked.record, asked.sheet) if path]
        print(f"{episode.status.value} after {len(episode.turns)} turns: {', '.join(written)}")


def _policy(name: str, asked: WatchConfig) -> Policy | None:
    if name == "human":
        return None
    return load(name, temperature=0.0 if asked.greedy else None, precision=asked.precision)


def _newest_run() -> str:
    """The newest run here that has a mind to show, or else the mind that comes with the code."""
    if run := newest_run(Path("runs")):
        return str(run)
    print("There is no mind of your own in runs/ yet: this is nano-mixed. `make train` makes one.")
    return "nano-mixed"


if __name__ == "__main__":
    main()
