from __future__ import annotations

import math

import pytest
import torch

from nasbench_sparse.training.fromage import Fromage


def _stepped(weight: list[float], gradient: list[float], rate: float) -> list[float]:
    parameter = torch.nn.Parameter(torch.tensor(weight))
    parameter.grad = torch.tensor(gradient)
    Fromage([parameter], lr=rate).step()
    return parameter.tolist()


def test_fromage_golden_step() -> None:
    # ||w|| = 5, ||g|| = 10, rate 0.75: sqrt(1 + 0.5625) = 1.25; w - 0.75 * 0.5 * g = (3 - 3, 4 + 2.25).
    assert _stepped([3.0, 4.0], [8.0, -6.0], 0.75) == pytest.approx([0.0, 5.0], abs=1e-6)


@pytest.mark.parametrize(("weight", "gradient"), [([0.0, 0.0], [0.3, -0.4]), ([0.6, -0.8], [0.0, 0.0])])
def test_fromage_takes_a_plain_step_where_a_norm_is_zero(weight: list[float], gradient: list[float]) -> None:
    expected = [(w - 0.1 * g) / math.sqrt(1.01) for w, g in zip(weight, gradient, strict=True)]
    assert _stepped(weight, gradient, 0.1) == pytest.approx(expected, rel=1e-6)


def test_fromage_ignores_pruned_entries() -> None:
    sparse = _stepped([3.0, 0.0, 4.0, 0.0], [8.0, 0.0, -6.0, 0.0], 0.3)
    dense = _stepped([3.0, 4.0], [8.0, -6.0], 0.3)
    assert sparse == [dense[0], 0.0, dense[1], 0.0]
