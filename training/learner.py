"""One optimizer over one model: a loss over a whole batch, computed in micro-batches."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from agent.memory import as_memory_error
from agent.models import Mind
from agent.precision import precision_dtype
from training.attention import attention_for
from training.batching import Batch, micro_batches
from training.config import ColdStartConfig, GrpoConfig, LearnerConfig
from training.lanes import in_lanes, lane_count
from training.muon import Muon
from training.norms import lean_norms
from training.scoring import token_log_probs

logger = logging.getLogger(__name__)

BETAS = (0.9, 0.95)
"""AdamW's memory of gradients and of their squares."""
Refusal = Callable[[], str]
"""Asked when the gradient is there: why no step should be taken, or nothing."""
TokenLossFunction = Callable[[Tensor, Batch, Tensor], Tensor]
"""(row indices [r], those rows, log-probabilities [r, t]) -> their part of the loss, a scalar.
The parts of all micro-batches sum to the loss, so their cut changes nothing. Several threads ask at
once, each for other rows."""


def scheduled_rate(config: ColdStartConfig | GrpoConfig, step: int, progress: float) -> float:
    """The learning rate of an update: it rises over the warm-up, and falls to 0 in a straight line.

    At a constant rate, cold starts of one run that lay a few updates apart differed by 20 points of
    success; and one first step of GRPO at the full rate took success from .8 to .07 (docs/LOG.md).

    Args:
        config: of the stage.
        step: of the stage; a cold start that is continued counts on.
        progress: how much of the stage is done, 0 to 1.

    >>> config = ColdStartConfig(learning_rate=1e-3, warmup=4)
    >>> [round(scheduled_rate(config, step, step / 8), 6) for step in (0, 3, 7)]
    [0.00025, 0.000625, 0.000125]
    """
    risen = min(1.0, (step + 1) / max(config.warmup, 1))
    return config.learning_rate * risen * (1 - progress)


@dataclass(frozen=True, slots=True)
class Update:
    """What one update was like."""

    loss: float
    grad_norm: float
    """before it was scaled down"""
    entropy: float
    """mean over the tokens under the batch's mask, nats"""
    skipped: str = ""
    """why the weights were left as they were; empty where they were moved"""


@dataclass(frozen=True, slots=True)
class _Pass:
    """What came of one lane's rows, summed."""

    gradients: tuple[Tensor, ...]
    """of each weight; none where they were added up in place"""
    loss: float
    entropies: float


def not_finite(**values: float) -> str:
    """Which of some numbers is none, in a few words.

    >>> not_finite(loss=0.5, gradient=math.inf)
    'the gradient is inf'
    """
    wrong = [f"the {name} is {value}" for name, value in values.items() if not math.isfinite(value)]
    return wrong[0] if wrong else ""


class Learner:
    """An optimizer on the trainable weights of a mind, which stay fp32."""

    def __init__(
        self, mind: Mind, config: LearnerConfig, learning_rate: float, temperature: float = 1.0
    ) -> None:
        self.model = mind.model
        self.config = config
        self.temperature = temperature
        self.micro_batch_tokens = config.micro_batch_tokens
        self.weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimizer: torch.optim.Optimizer
        if config.optimizer == "muon":
            self.optimizer = Muon(
                self.model,
                learning_rate,
                betas=BETAS,
                weight_decay=config.weight_decay,
                products=precision_dtype(config.precision),
            )
        else:
            self.optimizer = torch.optim.AdamW(
                self.weights,
                learning_rate,
                betas=BETAS,
                weight_decay=config.weight_decay,
                fused=True,
            )
        # No dropout: or ratios would be noise, and a micro-batch change the result.
        for module in self.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
            elif isinstance(getattr(module, "attention_dropout", None), float):
                module.attention_dropout = 0.0  # type: ignore[assignment]
        if config.gradient_checkpointing:
            self.model.gradient_checkpointing_enable({"use_reentrant": False})

    @property
    def learning_rate(self) -> float:
        """Of the next update."""
        return float(self.optimizer.param_groups[0]["lr"])

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = value

    def update(self, batch: Batch, loss: TokenLossFunction, refuse: Refusal = lambda: "") -> Update:
        """One step down the gradient of the summed loss; none where numbers have gone wrong.

        Where memory is out, micro-batches are half as large from then on.

        Raises:
            MemoryError: if memory is out with a single row.
        """
        while True:
            try:
                with as_memory_error():
                    summed, entropies = self._passes(batch, loss)
                break
            except MemoryError:
                self.optimizer.zero_grad(set_to_none=True)
                together = min(self.micro_batch_tokens, len(batch) * batch.width)
                if together <= batch.width:
                    raise
            self.micro_batch_tokens = max(batch.width, together // 2)
            logger.warning(
                "out of memory: going on with %d tokens in a micro-batch", self.micro_batch_tokens
            )
        norm = torch.nn.utils.clip_grad_norm_(self.weights, self.config.max_grad_norm)
        skipped = refuse() or not_finite(loss=summed, gradient=float(norm))
        if not skipped:
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return Update(summed, float(norm), entropies / max(int(batch.mask.sum()), 1), skipped)

    def _passes(self, batch: Batch, loss: TokenLossFunction) -> tuple[float, float]:
        """Forward and backward through the whole batch: summed gradient, loss and entropies."""
        self.model.train(self.config.gradient_checkpointing)  # transformers asks for it there
        own = self.model.config._attn_implementation
        self.model.set_attn_implementation(attention_for(self.model))
        try:
            with lean_norms(self.model):
                return self._summed(batch, loss)
        finally:
            self.model.eval()
            self.model.set_attn_implementation(own)

    def _summed(self, batch: Batch, loss: TokenLossFunction) -> tuple[float, float]:
        """Micro-batch by micro-batch, in lanes."""
        lanes = lane_count(self.model)
        summed = entropies = 0.0
        for rows in micro_batches(batch, self.micro_batch_tokens):
            shares = [rows[lane::lanes] for lane in range(min(lanes, len(rows)))]
            work = partial(self._pass, batch, loss, alone=len(shares) == 1)
            for one in in_lanes(work, shares):
                summed += one.loss
                entropies += one.entropies
                for weight, new in zip(self.weights, one.gradients, strict=False):
                    weight.grad = new if weight.grad is None else weight.grad.add_(new)
        return summed, entropies

    def _pass(self, batch: Batch, loss: TokenLossFunction, rows: Tensor, *, alone: bool) -> "_Pass":
        """Forward and backward through some rows; `alone`, straight into the weights' gradients."""
        part = batch.take(rows).to(self.weights[0].device)
        log_probs, entropies = self.log_probs(part)
        value = loss(rows, part, log_probs)
        gradients: tuple[Tensor, ...] = ()
        if alone:
            value.backward()
        else:
            gradients = torch.autograd.grad(value, self.weights, materialize_grads=True)
        return _Pass(gradients, float(value.detach()), float(entropies.sum()))

    def log_probs(self, part: Batch, model: torch.nn.Module | None = None) -> tuple[Tensor, Tensor]:
        """Log-probabilities and entropies [r, t] of sampled tokens, under `model` or our own."""
        return token_log_probs(
            model or self.model,
            part.ids,
            part.mask,
            self.temperature,
            autocast=self.config.precision == "bf16",
        )
