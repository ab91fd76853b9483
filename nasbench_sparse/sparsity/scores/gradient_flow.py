"""GraSP: keep the weights whose removal would weaken the gradient flow."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from nasbench_sparse.sparsity.context import ScoringContext
from nasbench_sparse.sparsity.scores.gradient import mean_gradient, training_copy


def grasp(context: ScoringContext, temperature: float = 200.0) -> tuple[Tensor, ...]:
    """Score a weight by w · (Hg): to first order half of what its removal takes from the gradient flow gᵀg.

    Removing w changes gᵀg by -2·w·(Hg). The paper calls S = -w·(Hg) and prunes the weights of the highest S,
    which its published code does too; with larger kept, the score is -S.

    Args:
        temperature: divides the logits; the published code's 200.
    References:
        Wang et al. (2020), "Picking winning tickets before training by preserving gradient flow", equation 8;
        the sign is discussed by Frankle et al. (2021), "Pruning neural networks at initialization", section 3.
    """
    network, weights = training_copy(context)
    with sdpa_kernel(SDPBackend.MATH):  # fused attention cannot be differentiated twice
        flow = mean_gradient(context, network, weights, temperature)
        total, samples = [torch.zeros_like(weight) for weight in weights], 0
        for x, y in context.batches():
            loss = context.loss(network(x) / temperature, y)
            gradients = torch.autograd.grad(loss, weights, create_graph=True)
            product = torch.stack([(g * f).sum() for g, f in zip(gradients, flow, strict=True)]).sum()
            torch._foreach_add_(total, torch.autograd.grad(product, weights, materialize_grads=True), alpha=len(x))
            samples += len(x)
    return tuple(w.detach().double() * h / samples for w, h in zip(weights, total, strict=True))
