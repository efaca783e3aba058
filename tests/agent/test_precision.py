"""The precision a machine is fastest in."""

import time

import pytest
import torch

from agent import precision
from agent.precision import PRECISIONS, fastest_precision


def test_the_faster_precision_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    # Which one that is differs between machines, so one of them is made slow.
    quick = torch.zeros(2, 2)
    for slow, fast in (("fp32", "bf16"), ("bf16", "fp32")):

        def ones(*_: int, dtype: torch.dtype, device: str, slow: str = slow) -> object:
            return _Slow() if dtype == PRECISIONS[slow] else quick

        monkeypatch.setattr(precision.torch, "ones", ones)
        assert fastest_precision() == fast


class _Slow:
    """A matrix whose products take long."""

    def __matmul__(self, _: object) -> torch.Tensor:
        time.sleep(0.005)
        return torch.zeros(1, 1)
