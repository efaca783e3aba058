"""Linear layers as products whose weights lie as the processor's kernel wants them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

ROWS = 64
"""Of the products that the weights are laid out for; others are as right."""


class Product:
    """Linear layers that read the same input, as one product.

    Their weights are laid side by side in memory, and the layers' own parameters become views of
    them. oneDNN lays out a bf16 matrix anew for every product, which for 64 rows of a small model
    takes half as long as the product: `lay_out` does it once.
    """

    def __init__(self, *layers: nn.Linear) -> None:
        self._weight = _side_by_side([layer.weight for layer in layers])
        biases = [layer.bias for layer in layers if layer.bias is not None]
        assert len(biases) in (0, len(layers)), "some of these layers have a bias, others not"
        self._bias = _side_by_side(biases) if biases else None
        self._laid_out: Tensor | None = None
        self.lay_out()

    @torch.no_grad()
    def lay_out(self) -> None:
        """Takes over the layers' weights as they are now; to be called when they have changed."""
        if _can_lay_out(self._weight):
            self._laid_out = _onednn()._reorder_linear_weight(self._weight, ROWS)

    def __call__(self, x: Tensor) -> Tensor:
        """`[..., inputs]` to `[..., outputs of all layers]`, in the order of the layers."""
        if self._laid_out is None:
            return linear(x, self._weight, self._bias)
        return _onednn()._linear_pointwise(x, self._laid_out, self._bias, "none", [], "")


def _can_lay_out(weight: Tensor) -> bool:
    known = torch.backends.mkldnn.is_available() and hasattr(_onednn(), "_reorder_linear_weight")
    return known and weight.device.type == "cpu" and weight.dtype is torch.bfloat16


def _onednn() -> Any:
    """torch's own operations on weights laid out for oneDNN; `torch.compile` builds on them."""
    return torch.ops.mkldnn


def _side_by_side(parts: Sequence[Tensor]) -> Tensor:
    """Several parameters in one tensor, which they become views of."""
    if len(parts) == 1:
        return parts[0].data
    whole = torch.cat([part.data for part in parts])
    for part, view in zip(parts, whole.split([len(part) for part in parts]), strict=True):
        part.data = view
    return whole
