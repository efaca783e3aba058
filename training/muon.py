"""Muon: matrices move in all their directions at once.

The update of a matrix is its momentum with every singular value set to one, so that directions in
which the gradient is small are learned as fast as those in which it is large. A model trained from
scratch on little text learns to read in a fraction of the updates (docs/LOG.md).

torch has a Muon of its own. It multiplies in bf16 always, which takes a hundred times as long on a
CPU without it, one matrix at a time, and leaves embeddings and norms to a second optimizer.
"""

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor, nn

STEPS = 5
COEFFICIENTS = 3.4445, -4.7750, 2.0315
"""Of the iteration, chosen by K. Jordan for speed: singular values end between 0.7 and 1.2."""
ADAM_SIZE = 0.2
"""Root mean square of an entry of AdamW's updates, which Muon's are scaled to."""


class Muon(torch.optim.AdamW):
    """Muon (https://kellerjordan.github.io/posts/muon) for matrices, AdamW for everything else.

    A matrix's update is scaled to the size that AdamW's would have, so one learning rate fits all
    (https://arxiv.org/abs/2502.16982).
    """

    def __init__(
        self,
        model: nn.Module,
        lr: float,
        *,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.95),
        weight_decay: float = 0.01,
        products: torch.dtype = torch.float32,
    ) -> None:
        """
        Args:
            model: whose trainable weights move. Matrices are those with two dimensions, but for
                embeddings, whose rows are met one at a time.
            lr: of all of them.
            momentum: of matrices.
            betas: of AdamW.
            weight_decay: of all of them.
            products: what matrices are multiplied in (see `orthogonal`).
        """
        self.momentum, self.products = momentum, products
        tables = {id(one.weight) for one in model.modules() if isinstance(one, nn.Embedding)}
        groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
        for weight in model.parameters():
            if weight.requires_grad:
                groups[weight.ndim == 2 and id(weight) not in tables].append(weight)
        super().__init__(
            [{"params": each, "matrices": which} for which, each in groups.items() if each],
            lr=lr,
            betas=betas,
            weight_decay=weight_decay,
        )

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Move the matrices, then let AdamW move what still has a gradient."""
        for group in self.param_groups:
            if group["matrices"]:
                self._move(group["params"], group["lr"], group["weight_decay"])
        return super().step(closure)

    def _move(self, weights: list[Tensor], rate: float, decay: float) -> None:
        """Those of one shape together: a few large products in place of many small ones."""
        alike: defaultdict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for weight in weights:
            if weight.grad is not None:
                alike[weight.shape].append((weight, self._heading(weight, weight.grad)))
        for shape, same in alike.items():
            size = ADAM_SIZE * max(shape) ** 0.5
            headings = orthogonal(torch.stack([heading for _, heading in same]), self.products)
            for (weight, _), turned in zip(same, headings, strict=True):
                weight.mul_(1 - rate * decay).add_(turned, alpha=-rate * size)
                weight.grad = None

    def _heading(self, weight: Tensor, gradient: Tensor) -> Tensor:
        """Nesterov's momentum, with the new gradient in it."""
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros(())  # AdamW looks for it in a state that is loaded
            state["momentum"] = torch.zeros_like(weight)
        state["step"] += 1
        kept = state["momentum"].lerp_(gradient, 1 - self.momentum)
        return torch.lerp(gradient, kept, self.momentum)


def orthogonal(matrices: Tensor, products: torch.dtype = torch.float32) -> Tensor:
    """About the nearest matrices with singular values of 1: Newton-Schulz, a few products.

    Args:
        matrices: [..., rows, columns].
        products: what they are multiplied in; bf16 is enough.
    """
    a, b, c = COEFFICIENTS
    wide = matrices if matrices.shape[-2] <= matrices.shape[-1] else matrices.mT
    turned = (wide / (wide.norm(dim=(-2, -1), keepdim=True) + 1e-7)).to(products)
    for _ in range(STEPS):
        square = turned @ turned.mT
        turned = a * turned + (b * square + c * square @ square) @ turned
    return (turned if wide is matrices else turned.mT).to(matrices.dtype)
