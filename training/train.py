"""A run from nothing to a measured agent: demonstrations, cold start, GRPO, evaluation, report."""

import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from agent.adapters import LoraOptions
from agent.language_policy import LanguagePolicy, Sampling
from agent.models import load_model
from agent.precision import fastest_precision
from agent.rollout import play_groups
from envs.expert import expert_for
from envs.grid_world import GridWorld
from envs.tasks import Split
from training.alarms import LOOK_BACK, Collapse, find_collapse, warnings
from training.batching import make_batch
from training.checkpoints import restore
from training.cold_start import demonstrate, imitate
from training.config import TrainConfig
from training.disk import peak_bytes, room
from training.evaluation import evaluate
from training.grpo import assess, learn, strange_reward
from training.interrupt import Stop, between_steps
from training.learner import Learner, scheduled_rate
from training.measuring import Measuring
from training.report import write_report
from training.run_dir import RunDir, read_metrics
from training.starts import GRPO, draw_starts, fixed_starts, training_world
from training.summaries import summarize
from training.yoked import follow, transcripts

logger = logging.getLogger(__name__)

SAVE_SECONDS = 60.0
"""After so long a checkpoint is due, whatever the step: this is what a power cut can cost."""

STAGES = ("cold_start", "grpo", "cold_plus", "yoked")
"""In the order in which a run goes through them; the last three exclude one another."""


def train(config: TrainConfig, run: RunDir) -> None:
    """Run every stage, or those that an interrupted run has left.

    Raises:
        ValueError: if the config asks for what cannot be done.
        Collapse: if training collapsed; the checkpoints before it are kept.
    """
    config = settled(config)
    trainer = Trainer(config, run)
    trainer.measuring.references()
    if trainer.is_untouched and config.model != "nano" and config.evaluation.zero_shot:
        trainer.measure("zero_shot", greedy=False)
    if config.cold_start == "expert" and config.cold.steps:
        trainer.imitate("cold_start", lambda step, spent: step / config.cold.steps)
    trainer.measure("cold_start")
    if config.cold_plus_minutes:
        trainer.continue_cold_start()
        trainer.measure("cold_plus")
    elif config.yoked_to:
        trainer.follow(Path(config.yoked_to))
        trainer.measure("yoked")
    elif config.grpo.steps:
        trainer.grpo()
        trainer.measure("grpo")
    trainer.measuring.keep({})
    write_report(run.folder)


def settled(config: TrainConfig) -> TrainConfig:
    """The config with what is chosen by measuring chosen: a run keeps it when it goes on.

    Sets the number of torch's threads, on which the choice depends.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    if config.learner.precision != "auto":
        return config
    fastest = fastest_precision(device_of(config))
    return replace(config, learner=replace(config.learner, precision=fastest))


def device_of(config: TrainConfig) -> str:
    """Where the model lies.

    Raises:
        ValueError: if there is no such device.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("torch finds no GPU here: leave --device out, or take --device cpu")
    if config.device != "auto":
        return config.device
    return "cuda" if torch.cuda.is_available() else "cpu"


class Trainer:
    """The stages of one run, over one mind."""

    def __init__(self, config: TrainConfig, run: RunDir) -> None:
        self.config = config
        self.run = run
        self.make = training_world(config)
        self.make_shorter = training_world(config, config.grpo.most_turns)
        self.saved = run.newest()
        self.saved_at = time.monotonic()
        lora = LoraOptions(rank=config.learner.lora_rank) if config.learner.lora_rank else None
        device = device_of(config)
        if self.saved:
            self.mind = load_model(self.saved.model, device=device)
        else:
            run.note(f"loading {config.model}")
            self.mind = load_model(config.model, seed=config.seed, lora=lora, device=device)
        self.policy = self.language_policy(config.sampling)
        world = self.make(config.task)
        self.reward_range = world.reward_range
        self.policy.check_context(world)
        run.say(room(run.folder, peak_bytes(config, self.mind.model, world.turn_limit)))
        if config.cold_start == "expert" and config.cold.steps and isinstance(world, GridWorld):
            expert_for(world)  # a task that none can do is refused before anything is measured
        self.measuring = Measuring(config, run, self.make)

    @property
    def is_untouched(self) -> bool:
        """Whether a cold start is still to come, and nothing was learned before."""
        return self.saved is None and self.config.cold_start == "expert"

    def imitate(self, stage: str, progress: Callable[[int, float], float]) -> None:
        """Imitate the demonstrations, step after step, until `progress` is 1.

        Args:
            progress: from the next step, and the seconds that the stage's updates took so far.
        """
        step = self.first_step(stage)
        lines = self.lines(stage)
        spent, history = sum(line["seconds"] for line in lines), lines[-LOOK_BACK:]
        done = progress(step, spent)
        if done >= 1:
            return
        count = self.config.cold.demonstrations + self.config.cold.questions
        playing = self.run.counting("playing demonstrations", count)
        shown = demonstrate(self.config, self.mind, playing)
        learner = self.learner(stage, self.config.cold.learning_rate)
        with between_steps() as stop:
            while done < 1:
                began = time.perf_counter()
                learner.learning_rate = scheduled_rate(self.config.cold, step, done)
                update, tokens = imitate(self.config, learner, shown, step)
                seconds = time.perf_counter() - began
                self.run.log(
                    stage,
                    step,
                    asdict(update)
                    | {
                        "alarms": warnings(asdict(update), ()),
                        "learning_rate": learner.learning_rate,
                        "seconds": seconds,
                        "tokens_trained": tokens,
                        "tokens_per_second": tokens / seconds,
                    },
                    of=self.config.cold.steps if stage == "cold_start" else None,
                )
                self.stop_if_collapsed(find_collapse(asdict(update), history=history))
                history = [*history[1 - LOOK_BACK :], asdict(update)]
                step += 1
                spent += seconds
                done = progress(step, spent)
                due = done >= 1 or step % (5 * self.config.checkpoint_every) == 0
                self.save_if_due(stage, step, learner, stop, due)
        self.policy.sampler.refresh()

    def continue_cold_start(self) -> None:
        """Control: imitate the same demonstrations for as long as GRPO would have learned.

        The updates' own time counts, as it was logged: a run that is resumed after its end is at
        its end.
        """
        seconds = 60 * self.config.cold_plus_minutes
        self.imitate("cold_plus", lambda _, spent: min(1.0, spent / seconds))

    def follow(self, other: Path) -> None:
        """Control: imitate what another run played, step by step.

        Raises:
            ValueError: if it has not played as many steps as there are to follow.
        """
        config = self.config.grpo
        learner = self.learner("yoked", config.learning_rate)
        first, played = self.first_step("yoked"), 0
        for step, groups in transcripts(other):
            played = step + 1
            if not first <= step < config.steps:
                continue
            with between_steps() as stop:
                began = time.perf_counter()
                learner.learning_rate = scheduled_rate(config, step, step / config.steps)
                update, tokens = follow(self.config, learner, groups, step)
                figures = asdict(update) if update else {}
                seconds = time.perf_counter() - began
                self.run.log(
                    "yoked",
                    step,
                    figures
                    | {
                        "learning_rate": learner.learning_rate,
                        "seconds": seconds,
                        "tokens_trained": tokens,
                        "tokens_per_second": tokens / seconds,
                    },
                    of=config.steps,
                )
                due = (step + 1) % self.config.checkpoint_every == 0 or step + 1 == config.steps
                self.save_if_due("yoked", step + 1, learner, stop, due)
        if played < config.steps:
            raise ValueError(
                f"there are {config.steps} steps to follow, and {other} has played {played}: let "
                "that run end first, or follow fewer steps"
            )
        self.policy.sampler.refresh()

    def grpo(self) -> None:
        """Play, score, compare, update."""
        config = self.config.grpo
        learner = self.learner("grpo", config.learning_rate)
        reference = self.reference() if config.kl_coef else None
        history = self.lines("grpo")[-LOOK_BACK:]
        for step in range(self.first_step("grpo"), config.steps):
            if step % self.config.evaluation.every == 0:
                self.validate(step)
            with between_steps() as stop:
                figures = self.grpo_step(step, learner, reference)
                self.watch(step, figures, history)
                history = [*history[1 - LOOK_BACK :], figures]
                due = (step + 1) % self.config.checkpoint_every == 0 or step + 1 == config.steps
                self.save_if_due("grpo", step + 1, learner, stop, due)

    def grpo_step(self, step: int, learner: Learner, reference: nn.Module | None) -> dict[str, Any]:
        """One round of play and update; its figures."""
        config = self.config.grpo
        learner.learning_rate = scheduled_rate(config, step, step / config.steps)
        began = time.perf_counter()
        starts = draw_starts(self.config, GRPO, step, config.groups)
        world_seconds = [time.perf_counter() - began]
        groups = play_groups(
            self.policy,
            starts,
            config.group_size,
            stream=(self.config.seed, GRPO, step),
            seats=self.config.learner.seats,
            make=self.make_shorter,
            on_episode=self.run.counting(
                f"playing for step {step + 1}", config.groups * config.group_size, announce=False
            ),
            on_worlds=world_seconds.append,
        )
        played = time.perf_counter()
        scored = assess(groups, config, (self.config.seed, step))
        figures: dict[str, Any] = summarize(groups, scored)
        batch = make_batch(groups, scored.advantages)
        if skipped := strange_reward(groups, self.reward_range):
            figures["skipped"] = skipped
        elif len(batch):
            turn_limit = max(one.turn_limit for group in groups for one in group.episodes)
            update, more = learn(
                learner,
                batch,
                config,
                seed=(self.config.seed, step),
                reference=reference,
                episode_tokens=turn_limit * self.config.sampling.max_reply_tokens,
            )
            self.policy.sampler.refresh()
            figures |= asdict(update) | more | {"learning_rate": learner.learning_rate}
        seconds = time.perf_counter() - began
        figures |= {
            "play_seconds": played - began,
            "seconds": seconds,
            "world_share": sum(world_seconds) / seconds,
            "tokens_per_second": (figures["tokens_sampled"] + figures["tokens_read"]) / seconds,
        }
        self.run.save_episodes("grpo", step, groups)
        return figures

    def save_if_due(self, stage: str, step: int, learner: Learner, stop: Stop, due: bool) -> None:
        """Write a checkpoint where one is due, by steps or by the clock, or the user wants to stop;
        then stop."""
        late = time.monotonic() - self.saved_at > SAVE_SECONDS
        if due or late or stop.asked:
            self.run.save(stage, step, self.policy, learner.optimizer)
            self.saved_at = time.monotonic()
        if stop.asked:
            raise KeyboardInterrupt

    def reference(self) -> nn.Module:
        """The frozen policy for KL: what GRPO began with, in an interrupted run too."""
        begun = self.run.newest_of("cold_start")
        whole = begun is not None and begun.step == self.config.cold.steps
        if not whole and self.config.cold_start != "none":
            raise ValueError("the cold start's checkpoint, which KL is measured to, is not whole")
        name = begun.model if begun else self.config.model
        mind = load_model(name, seed=self.config.seed, device=self.mind.model.device)
        return mind.model.eval()

    def watch(self, step: int, figures: dict[str, Any], before: Sequence[dict[str, Any]]) -> None:
        """Log a step of GRPO with its alarms; raises `Collapse` where it cannot go on."""
        alarms = warnings(figures, before)
        self.run.log("grpo", step, figures | {"alarms": alarms}, of=self.config.grpo.steps)
        self.stop_if_collapsed(find_collapse(figures, history=before))

    def validate(self, step: int) -> None:
        """Success on the validation missions; raises `Collapse` where it has fallen for good."""
        count = self.config.evaluation.validation_missions
        starts = fixed_starts(self.config, Split.VALIDATION, count)
        measured, _ = evaluate(
            self.policy,
            starts,
            self.make,
            seats=self.config.learner.seats,
            on_episode=self.run.counting("validating", count, announce=False),
        )
        self.run.log("validation", step, asdict(measured))
        self.stop_if_collapsed(
            find_collapse({}, [line["success"] for line in self.lines("validation")])
        )

    def stop_if_collapsed(self, reason: str | None) -> None:
        """Leave with a report, the reason, and the checkpoint to go back to.

        A control that is paid by luck may well collapse, and is to be measured all the same.
        """
        if reason and self.config.grpo.permute_returns:
            logger.warning("the control goes on, collapsed as it is: %s", reason)
        elif reason:
            best, last = self.run.best(), self.run.newest()
            kept = f" The last checkpoint before is {last.folder}." if last else ""
            kept = f" The checkpoint of the best validation is {best}." if best else kept
            try:
                write_report(self.run.folder)
            except ValueError as error:
                logger.warning("there is no report: %s", error)
            raise Collapse(f"training has collapsed: {reason}.{kept}")

    def lines(self, stage: str) -> list[dict[str, Any]]:
        """What was logged of a stage so far."""
        return [line for line in read_metrics(self.run.folder) if line["stage"] == stage]

    def measure(self, name: str, *, greedy: bool = True) -> None:
        """The mind as it stands, sampled and greedy, on the test missions; once in a run."""
        if name in self.measuring.kept:
            return
        policies = {"sampled": self.policy}
        if greedy:
            policies["greedy"] = self.language_policy(replace(self.config.sampling, temperature=0))
        self.measuring.mind(name, policies)

    def language_policy(self, sampling: Sampling) -> LanguagePolicy:
        """The mind as a policy."""
        return LanguagePolicy(
            self.mind, sampling, self.config.reply_mode, precision=self.config.learner.precision
        )

    def learner(self, stage: str, learning_rate: float) -> Learner:
        """A learner, with the optimizer state of the stage it goes on with."""
        learner = Learner(
            self.mind, self.config.learner, learning_rate, self.config.sampling.temperature
        )
        saved = self.run.newest()
        continues = {
            "cold_start": "cold_start",
            "cold_plus": "cold_start",
            "grpo": "grpo",
            "yoked": "yoked",
        }
        if saved and saved.stage in (stage, continues[stage]):
            restore(saved, learner.optimizer)
        return learner

    def first_step(self, stage: str) -> int:
        """Where a stage goes on: at once after its end, where a later stage was reached."""
        if self.saved is None or STAGES.index(self.saved.stage) < STAGES.index(stage):
            return self.config.cold.steps if stage == "cold_plus" else 0
        return self.saved.step if self.saved.stage == stage else sys.maxsize
