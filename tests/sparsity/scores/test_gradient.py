from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nasbench_sparse.sparsity.context import ScoringContext, cross_entropy
from nasbench_sparse.sparsity.scores import score
from tests.sparsity.scores.small import batch, context_of, drawn


def _squares(output: Tensor, target: Tensor) -> Tensor:
    return (output.squeeze(1) - target).square().mean()


def _linear() -> ScoringContext:
    network = nn.Sequential(nn.Linear(2, 1, bias=False)).double()
    with torch.no_grad():
        network.get_parameter("0.weight").copy_(torch.tensor([[2.0, -1.0]]))
    first = (torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64), torch.tensor([1.0, 1.0]))
    second = (torch.tensor([[1.0, 1.0]], dtype=torch.float64), torch.tensor([0.0]))
    return context_of(network, [first, second], loss=_squares)


def test_taylor_by_hand() -> None:
    # Residuals 1, -2, 1; gradient of the mean of squares over three samples: 2/3 · (1 + 1, -2 + 1) = (4/3, -2/3).
    # Every sample counts the same, however the batches are cut.
    assert score("taylor", _linear())[0].flatten().tolist() == pytest.approx([8 / 3, 2 / 3])


def test_snip_is_taylor_normalised_over_all_layers() -> None:
    assert score("snip", _linear())[0].flatten().tolist() == pytest.approx([0.8, 0.2])


def test_snip_sensitivity_equals_finite_differences_of_connections() -> None:
    network = drawn(nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3)), seed=2)
    x, y = batch(0, 10, 4)
    weight, step = network.get_parameter("0.weight"), 1e-6
    slopes = torch.zeros_like(weight)
    with torch.no_grad():
        for index in range(weight.numel()):
            losses = []
            for sign in (1.0, -1.0):
                original = weight.clone()
                weight.view(-1)[index] *= 1.0 + sign * step
                losses.append(cross_entropy(network(x), y))
                weight.copy_(original)
            slopes.view(-1)[index] = (losses[0] - losses[1]) / (2 * step)
    taylor = score("taylor", context_of(network, [(x, y)]))
    assert torch.allclose(taylor[0], slopes.abs(), rtol=1e-6, atol=1e-10)
    total = sum(s.sum() for s in taylor)
    assert all(
        torch.allclose(a, b / total)
        for a, b in zip(score("snip", context_of(network, [(x, y)])), taylor, strict=True)
    )


def test_taylor_normalises_by_the_batch_as_training_does() -> None:
    network = drawn(nn.Sequential(nn.Linear(4, 3, bias=False), nn.BatchNorm1d(3), nn.Linear(3, 3)), seed=3)
    x, y = batch(1, 12, 4)
    loss = cross_entropy(network(x), y)
    weight = network.get_parameter("0.weight")
    (gradient,) = torch.autograd.grad(loss, weight)
    network.get_buffer("1.running_mean").fill_(50.0)
    assert torch.allclose(score("taylor", context_of(network, [(x, y)]))[0], (weight * gradient).abs().detach())


def test_cross_entropy_takes_sequences() -> None:
    logits = torch.zeros(2, 5, 7)
    assert float(cross_entropy(logits, torch.zeros(2, 5, dtype=torch.long))) == pytest.approx(
        torch.tensor(7.0).log().item()
    )
