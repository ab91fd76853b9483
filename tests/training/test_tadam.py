from __future__ import annotations

import math

import pytest
import torch

from nasbench_sparse.training.tadam import TAdam


def test_tadam_golden_two_steps() -> None:
    """Against the printed equations in double precision, scalar by scalar."""
    gradients = [(0.3, -0.2), (0.1, 0.4)]
    b1, b2, eps, rate, d = 0.9, 0.999, 1e-8, 0.01, 2
    p, m, v, total = [1.0, -1.0], [0.0, 0.0], [0.0, 0.0], b1 / (1 - b1)
    assert total == pytest.approx(9.0)
    parameter = torch.nn.Parameter(torch.tensor(p))
    optimizer = TAdam([parameter], lr=rate)
    for t, g in enumerate(gradients, start=1):
        nu = 1.0 * d
        weight = (nu + d) / (nu + sum((g[i] - m[i]) ** 2 / (v[i] + eps) for i in range(2)))
        bw = total / (total + weight)
        total = (2 - 1 / b1) * total + weight
        m = [bw * m[i] + (1 - bw) * g[i] for i in range(2)]
        v = [b2 * v[i] + (1 - b2) * g[i] ** 2 for i in range(2)]
        p = [p[i] - rate / (1 - b1**t) * m[i] / (math.sqrt(v[i]) / math.sqrt(1 - b2**t) + eps) for i in range(2)]
        parameter.grad = torch.tensor(g)
        optimizer.step()
        assert parameter.tolist() == pytest.approx(p, rel=1e-6)


def test_tadam_first_step_worked_by_hand() -> None:
    # One entry, g = 1e-4, eps = 1e-8: distance g^2 / eps = 1, w = (1 + 1) / (1 + 1) = 1, W0 = 9, so m = g / 10 and
    # m / (1 - 0.9) = g; v / (1 - 0.999) = g^2: the step is rate * g / (g + eps) = 0.01 * 1e-4 / 1.0001e-4.
    parameter = torch.nn.Parameter(torch.tensor([0.5]))
    parameter.grad = torch.tensor([1e-4])
    TAdam([parameter], lr=0.01).step()
    assert parameter.item() == pytest.approx(0.5 - 0.01 / 1.0001, rel=1e-6)


def test_tadam_counts_survivors_as_the_dimension() -> None:
    dense = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    sparse = torch.nn.Parameter(torch.tensor([1.0, 0.0, -2.0, 0.0, 0.0]))
    runs = ((dense, TAdam([dense], lr=0.1)), (sparse, TAdam([sparse], lr=0.1, size=lambda p: 2)))
    for gradient in ([0.5, -0.1], [-0.3, 0.2], [4.0, 0.2]):
        for parameter, optimizer in runs:
            parameter.grad = torch.zeros_like(parameter)
            parameter.grad[parameter != 0] = torch.tensor(gradient)
            optimizer.step()
    assert sparse[[0, 2]].tolist() == dense.tolist()
    assert sparse[[1, 3, 4]].tolist() == [0.0, 0.0, 0.0]


def test_tadam_leaves_a_fully_pruned_tensor_alone() -> None:
    parameter = torch.nn.Parameter(torch.zeros(3))
    parameter.grad = torch.zeros(3)
    TAdam([parameter], lr=0.1, size=lambda p: 0).step()
    assert parameter.tolist() == [0.0, 0.0, 0.0]
