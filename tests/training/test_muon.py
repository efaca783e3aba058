"""Muon against what it promises."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from training.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(24, 24), (48, 16), (16, 48)])
def test_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    matrix = left @ torch.diag(values.clamp(min=values[0] / 50)) @ right  # none too small to grow

    turned = orthogonal(matrix)

    grown = torch.linalg.svdvals(turned)
    assert float(grown.min()) > 0.6 and float(grown.max()) < 1.3
    cosine = nn.functional.cosine_similarity(turned.flatten(), (left @ right).flatten(), dim=0)
    assert cosine > 0.97  # the nearest orthogonal matrix


def test_many_are_turned_as_one_by_one() -> None:
    matrices = torch.randn(3, 16, 48, generator=torch.Generator().manual_seed(0))
    one_by_one = torch.stack([orthogonal(matrix) for matrix in matrices])
    torch.testing.assert_close(orthogonal(matrices), one_by_one)
    torch.testing.assert_close(orthogonal(matrices, torch.bfloat16), one_by_one, atol=0.05, rtol=0)


def _model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(5, 8), nn.Linear(8, 4, bias=True))


def _step(model: nn.Sequential, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    model(torch.tensor([0, 1, 2])).square().sum().backward()
    optimizer.step()


def test_what_is_no_matrix_moves_as_by_adamw() -> None:
    ours, theirs = _model(), _model()
    muon = Muon(ours, 0.01, betas=(0.9, 0.95), weight_decay=0.1)
    adamw = torch.optim.AdamW(theirs.parameters(), 0.01, betas=(0.9, 0.95), weight_decay=0.1)

    _step(ours, muon)
    _step(theirs, adamw)

    assert torch.equal(ours[0].weight, theirs[0].weight)  # type: ignore[arg-type]
    assert torch.equal(ours[1].bias, theirs[1].bias)  # type: ignore[arg-type]
    assert not torch.equal(ours[1].weight, theirs[1].weight)  # type: ignore[arg-type]


def test_a_matrix_moves_by_a_hand_worked_update() -> None:
    model = _model()
    weight = model[1].weight
    before = weight.detach().clone()  # type: ignore[operator]
    optimizer = Muon(model, 0.01, momentum=0.9, weight_decay=0.1)
    model(torch.tensor([0, 1, 2])).square().sum().backward()
    gradient = weight.grad.clone()  # type: ignore[union-attr, operator]
    optimizer.step()

    momentum = 0.1 * gradient
    nesterov = 0.1 * gradient + 0.9 * momentum
    moved = before * (1 - 0.01 * 0.1) - 0.01 * 0.2 * 8**0.5 * orthogonal(nesterov)
    torch.testing.assert_close(weight, moved)


def test_its_state_goes_on_where_it_was_saved() -> None:
    one, two = _model(), _model()
    first, second = Muon(one, 0.01), Muon(two, 0.01)
    _step(one, first)
    two.load_state_dict(one.state_dict())
    second.load_state_dict(deepcopy(first.state_dict()))
    _step(one, first)
    _step(two, second)
    assert torch.equal(one[1].weight, two[1].weight)  # type: ignore[arg-type]
