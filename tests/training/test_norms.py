"""RMSNorm with its gradient written out, against autograd and the models' own."""

import pytest
import torch

from training.norms import _RmsNorm, lean_norms
from training.scoring import token_log_probs


def test_its_gradient_is_that_of_finite_differences() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *a: _RmsNorm.apply(*a, 1e-5, torch.float64), (x, weight))


@pytest.mark.parametrize("autocast", [False, True])
def test_outputs_are_the_same_to_the_bit_and_gradients_near(model, autocast: bool) -> None:
    ids = torch.randint(64, (4, 16), generator=torch.Generator().manual_seed(1))
    mask = torch.zeros(4, 16, dtype=torch.bool)
    mask[:, 6:] = True

    def found() -> list[torch.Tensor]:
        values, _ = token_log_probs(model, ids, mask, autocast=autocast)
        return [values.detach(), *torch.autograd.grad(values.sum(), model.parameters())]

    own = found()
    with lean_norms(model):
        ours = found()
    torch.testing.assert_close(ours[0], own[0], atol=0 if autocast else 1e-6, rtol=0)
    for one, other in zip(ours[1:], own[1:], strict=True):
        assert (one - other).norm() <= (0.02 if autocast else 1e-5) * other.norm()


def test_norms_are_their_own_again_afterwards(model) -> None:
    with lean_norms(model):
        assert "forward" in vars(model.model.norm)
    assert all("forward" not in vars(module) for module in model.modules())
