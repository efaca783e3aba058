"""A whole step of GRPO, against that of TRL's `GRPOTrainer`.

Both have the same model in the same precision, prompts of the same length, groups of the same size,
and replies of the same length, none of which ends early. TRL runs in a process of its own
(`trl_peer.py`), which waits before each step until it is told to go on, so that the
two take turns.
"""

import json
import logging
import subprocess
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from agent.models import Mind
from agent.smollm2 import smollm2_folder
from training.advantages import group_advantages
from training.batching import Batch
from training.bench.sampling import OurSampler, random_ids
from training.bench.timing import Bench, Comparison, compare
from training.config import GrpoConfig, LearnerConfig
from training.grpo import learn
from training.learner import Learner

logger = logging.getLogger(__name__)

TRL = "trl==1.16.*"
ENVIRONMENT = Path(".venv-trl")
LOCK = Path("requirements.lock")
PEER = Path(__file__).with_name("trl_peer.py")


@dataclass(frozen=True, slots=True)
class Work:
    """One step of both."""

    model: str
    prompts: list[list[int]]
    """in tokens; groups of `members` replies to each"""
    members: int = 8
    reply: int = 32
    learning_rate: float = 1e-6
    precision: str = "bf16"
    steps: int = 6
    threads: int = 2


def grpo_step_vs_trl(mind: Mind, bench: Bench, groups: int = 8, prompt: int = 125) -> Comparison:
    """Sampled tokens a second over whole steps: sampling, learning, refreshing the sampler.

    Raises:
        ConnectionError: if TRL is to be installed and cannot be had.
    """
    prompts = random_ids(mind, groups, prompt).tolist()
    work = Work(
        str(smollm2_folder()),
        prompts,
        precision=bench.precision,
        steps=bench.rounds + 1,
        threads=torch.get_num_threads(),
    )
    with trl_steps(work) as peer:
        return compare(
            "grpo_step_vs_trl",
            groups * work.members * work.reply,
            "tokens/s",
            our_step(mind, work),
            peer,
            bench.rounds,
            f"{mind.name}, {groups} prompts x {work.members} completions, {prompt} + {work.reply} "
            f"tokens; {TRL}, GRPOTrainer without gradient checkpointing",
        )


def our_step(mind: Mind, work: Work) -> Callable[[], None]:
    """Sample, compare within groups, update, refresh."""
    ours = OurSampler(mind, Bench(precision=work.precision), work.reply)
    config = LearnerConfig(precision=work.precision, micro_batch_tokens=4096)  # type: ignore[arg-type]
    learner = Learner(mind, config, work.learning_rate)
    rows = [prompt for prompt in work.prompts for _ in range(work.members)]

    def step() -> None:
        replies = ours.reply(rows)
        rewards = ours.random.random((len(work.prompts), work.members))
        values = torch.tensor(group_advantages(rewards).values, dtype=torch.float32).flatten()
        ids = torch.tensor([[*row, *reply.ids] for row, reply in zip(rows, replies, strict=True)])
        mask = torch.zeros(ids.shape, dtype=torch.bool)
        mask[:, -work.reply :] = True
        log_probs = torch.zeros(ids.shape)
        log_probs[mask] = torch.tensor([reply.log_probs for reply in replies]).flatten()
        batch = Batch(
            ids=ids,
            mask=mask,
            log_probs=log_probs,
            advantages=values[:, None] * mask,
            episode=torch.arange(len(rows)),
            lengths=torch.full((len(rows),), ids.shape[1]),
        )
        learn(learner, batch, GrpoConfig())
        ours.sampler.refresh()

    return step


@contextmanager
def trl_steps(work: Work) -> Iterator[Callable[[], float]]:
    """A function that lets TRL take one step and gives its seconds."""
    peer = subprocess.Popen(
        [_python_with_trl(), "-P", str(PEER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert peer.stdin and peer.stdout
    into, out = peer.stdin, peer.stdout

    def tell(line: str) -> None:
        into.write(f"{line}\n")
        into.flush()

    def step() -> float:
        tell("go on")
        told = out.readline()
        if not told:
            raise RuntimeError(f"TRL's process ended with code {peer.wait()}")
        return float(told)

    tell(json.dumps(asdict(work)))
    try:
        yield step
    finally:
        peer.kill()
        peer.wait()


def _python_with_trl() -> Path:
    """A Python that has TRL, and beside it what we have: made the first time."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "ready"
    if not stamp.exists():
        logger.warning("installing %s into %s, once: a minute or two", TRL, ENVIRONMENT)
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "-c", str(LOCK)]
        wanted = [TRL, "torch", "transformers", "accelerate"]
        asked = subprocess.run([*pip, *wanted], capture_output=True, text=True)
        if asked.returncode:
            reason = (asked.stderr.strip() or "pip gave no reason").splitlines()[-1]
            raise ConnectionError(f"{TRL} could not be installed: {reason}")
        stamp.touch()
    return python
