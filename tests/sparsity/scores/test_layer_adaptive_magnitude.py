from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from nasbench_sparse.sparsity.distributions import distribute
from nasbench_sparse.sparsity.masks import alive_counts
from nasbench_sparse.sparsity.scores import score
from tests.sparsity.scores.small import context_of


def _network(*weights: list[float]) -> nn.Module:
    network = nn.Sequential(*(nn.Linear(len(w), 1, bias=False) for w in weights))
    with torch.no_grad():
        for layer, w in zip(network, weights, strict=True):
            layer.weight.copy_(torch.tensor([w]))  # type: ignore[operator]
    return network


def test_lamp_by_hand() -> None:
    # Squares 1, 4, 9: 1 / 14, 4 / 13, 9 / 9. The second layer: 4 / 4 twice shared, so 4 / 8 each.
    first, second = score("lamp", context_of(_network([-1.0, 3.0, 2.0], [2.0, -2.0])))
    assert first.flatten().tolist() == pytest.approx([1 / 14, 1.0, 4 / 13])
    assert second.flatten().tolist() == [0.5, 0.5]


def test_lamp_of_a_layer_of_zeros_is_zero() -> None:
    assert score("lamp", context_of(_network([0.0, 0.0])))[0].tolist() == [[0.0, 0.0]]


@given(weights=st.lists(st.integers(-6, 6).map(lambda i: i / 4), min_size=1, max_size=30))
def test_lamp_equals_a_plain_loop(weights: list[float]) -> None:
    expected = []
    for u in weights:
        denominator = sum(v * v for v in weights if v * v >= u * u)
        expected.append(u * u / denominator if denominator else 0.0)
    assert score("lamp", context_of(_network(weights)))[0].flatten().tolist() == pytest.approx(expected, rel=1e-12)


def test_lamp_does_not_depend_on_the_scale_of_a_layer() -> None:
    weights = torch.randn(50, generator=torch.Generator().manual_seed(0)).tolist()
    plain, scaled = score("lamp", context_of(_network(weights, [100 * w for w in weights])))
    assert torch.allclose(plain, scaled, rtol=1e-5)


def test_lamp_keeps_something_of_every_layer_where_magnitude_does_not() -> None:
    generator = torch.Generator().manual_seed(1)
    small, large = (torch.randn(40, generator=generator).mul(scale).tolist() for scale in (0.01, 1.0))
    context = context_of(_network(small, large))
    by_lamp, by_magnitude = (
        alive_counts(distribute("global", score(name, context), context.masks, 0.2))
        for name in ("lamp", "magnitude")
    )
    assert by_magnitude[0] == 0
    assert min(by_lamp) > 0
