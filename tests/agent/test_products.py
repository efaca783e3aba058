"""Products with weights laid out ahead, against the layers themselves."""

import pytest
import torch
from torch import Tensor, nn

from agent.products import Product

PRECISIONS = [torch.float32, torch.bfloat16]


def layers(dtype: torch.dtype, bias: bool) -> list[nn.Linear]:
    torch.manual_seed(0)
    return [nn.Linear(24, size, bias=bias, dtype=dtype) for size in (16, 8, 40)]


def one_by_one(made: list[nn.Linear], x: Tensor) -> Tensor:
    return torch.cat([layer(x) for layer in made], dim=-1)


@torch.no_grad()
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 24), (3, 5, 24), (200, 24)])
def test_a_product_is_its_layers_side_by_side(
    dtype: torch.dtype, bias: bool, shape: tuple[int, ...]
) -> None:
    made, x = layers(dtype, bias), torch.randn(shape, dtype=dtype)
    expected = one_by_one(made, x)
    product = Product(*made)
    torch.testing.assert_close(product(x), expected)
    torch.testing.assert_close(one_by_one(made, x), expected, msg="the layers still work")


@torch.no_grad()
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("count", [1, 3])
def test_it_follows_weights_that_have_changed(dtype: torch.dtype, count: int) -> None:
    made, x = layers(dtype, bias=True)[:count], torch.randn(7, 24, dtype=dtype)
    product = Product(*made)
    for layer in made:
        layer.weight.mul_(2)
        layer.bias.add_(1)
    product.lay_out()
    torch.testing.assert_close(product(x), one_by_one(made, x))


def test_weights_that_are_shared_stay_shared() -> None:
    table = nn.Embedding(16, 24)
    head = nn.Linear(24, 16, bias=False)
    head.weight = table.weight
    Product(head)
    assert head.weight is table.weight
    assert head.weight.data_ptr() == table.weight.data_ptr()
