from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nasbench_sparse.sparsity.context import cross_entropy
from nasbench_sparse.sparsity.scores import score
from tests.sparsity.scores.small import batch, context_of, drawn, layers_of


def _half_squares(output: Tensor, target: Tensor) -> Tensor:
    return 0.5 * (output.squeeze(1) - target).square().mean()


def test_grasp_by_hand() -> None:
    # One sample x = (1, 2), target 0, w = (3, -1): output 1, g = x = (1, 2), H = x xᵀ, Hg = x (xᵀx) = (5, 10).
    network = nn.Sequential(nn.Linear(2, 1, bias=False)).double()
    with torch.no_grad():
        network.get_parameter("0.weight").copy_(torch.tensor([[3.0, -1.0]]))
    sample = (torch.tensor([[1.0, 2.0]], dtype=torch.float64), torch.tensor([0.0], dtype=torch.float64))
    context = context_of(network, [sample], loss=_half_squares)
    assert score("grasp", context, temperature=1.0)[0].flatten().tolist() == pytest.approx([15.0, -10.0])


def _flow(network: nn.Module, batches: list[tuple[Tensor, Tensor]], temperature: float) -> float:
    """Return gᵀg over the prunable weights, g being the gradient of the mean loss over all samples."""
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    weights = [weight for _, weight in layers_of(network)]
    gradients = torch.autograd.grad(cross_entropy(network(x) / temperature, y), weights)
    return sum(float(g.square().sum()) for g in gradients)


@pytest.mark.parametrize("temperature", [1.0, 200.0])
def test_grasp_equals_finite_differences_of_the_gradient_flow(temperature: float) -> None:
    # Scaling w to (1 + t) w changes gᵀg by 2 t · w · (Hg) to first order.
    network = drawn(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)), seed=4)
    batches = [batch(0, 6, 4), batch(1, 3, 4)]
    scores = score("grasp", context_of(network, batches), temperature=temperature)
    step = 1e-5
    for (_, weight), found in zip(layers_of(network), scores, strict=True):
        slopes = torch.zeros_like(weight)
        for index in range(weight.numel()):
            flows = []
            for sign in (1.0, -1.0):
                original = weight.detach().clone()
                with torch.no_grad():
                    weight.view(-1)[index] *= 1.0 + sign * step
                flows.append(_flow(network, batches, temperature))
                with torch.no_grad():
                    weight.copy_(original)
            slopes.view(-1)[index] = (flows[0] - flows[1]) / (4 * step)
        assert torch.allclose(found, slopes, rtol=1e-4, atol=1e-7 * float(slopes.abs().max()))


def test_grasp_keeps_the_weight_whose_removal_weakens_the_flow() -> None:
    # Halving the highest-scoring weights must lower the gradient flow, halving the lowest-scoring ones raise it.
    network = drawn(nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)), seed=5)
    batches = [batch(2, 20, 6)]
    scores = score("grasp", context_of(network, batches), temperature=1.0)
    weight, start = network.get_parameter("0.weight"), _flow(network, batches, 1.0)
    original = weight.detach().clone()
    flows = []
    for place in (scores[0].argmax(), scores[0].argmin()):
        with torch.no_grad():
            weight.view(-1)[place] *= 0.9
        flows.append(_flow(network, batches, 1.0))
        with torch.no_grad():
            weight.copy_(original)
    assert flows[0] < start < flows[1]


def test_grasp_differentiates_attention_twice() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.project = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            y = self.project(x).unsqueeze(1)
            return nn.functional.scaled_dot_product_attention(y, y, y).squeeze(1).mean(1)[:, :3]

    network = Attention()
    x, y = batch(0, 3, 5, 4)
    (scores,) = score("grasp", context_of(network, [(x.float(), y)]))
    assert bool(scores.isfinite().all())
