"""RMSNorm with a gradient written out, whose output is what the products after it read.

Under autocast, transformers' norm keeps three copies of its input for the way back, and each of
the two or three linear layers that read its output casts it to bf16 for itself and keeps that, too.
Here the output is cast once, and the input and one number a token are kept. Outputs are the same
to the bit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from training.attention import is_known


@contextmanager
def lean_norms(model: PreTrainedModel) -> Iterator[None]:
    """Meanwhile, a model's norms of fp32 are computed so, on a CPU and where its type is known."""
    modules = model.modules() if is_known(model) else ()
    norms = [one for one in modules if type(one).__name__.endswith("RMSNorm")]
    for norm in norms:
        norm.forward = partial(_forward, norm)
    try:
        yield
    finally:
        for norm in norms:
            del norm.forward


def _forward(norm: Any, x: Tensor) -> Tensor:
    """Those of queries and keys read bf16, which is left to their own class."""
    if x.dtype != torch.float32:
        return type(norm).forward(norm, x)
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
    return _RmsNorm.apply(x, norm.weight, norm.variance_epsilon, dtype)


class _RmsNorm(torch.autograd.Function):
    """x * scale * weight, where scale is 1 / sqrt(mean(x^2) + epsilon); [..., D].

    https://arxiv.org/abs/1910.07467
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float, dtype: torch.dtype) -> Tensor:
        scale = (x.square().mean(-1, keepdim=True) + epsilon).rsqrt()
        ctx.save_for_backward(x, weight, scale)
        return (x * scale).mul_(weight).to(dtype)

    @staticmethod
    def backward(ctx: Any, by_output: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, scale = ctx.saved_tensors
        normal = x * scale
        by_output = by_output.to(x.dtype, copy=True)
        trained = ctx.needs_input_grad[1]  # not so where adapters are
        by_weight = (by_output * normal).flatten(0, -2).sum(0) if trained else None
        by_normal = by_output.mul_(weight)
        along = torch.linalg.vecdot(by_normal, normal)[..., None] / x.shape[-1]
        return by_normal.sub_(normal.mul_(along)).mul_(scale), by_weight, None, None
