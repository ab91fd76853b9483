"""Scores from the gradient: first-order Taylor expansion and SNIP's connection sensitivity."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.context import ScoringContext


def training_copy(context: ScoringContext) -> tuple[nn.Module, list[Tensor]]:
    """Return a copy of the network in training mode without dropout, and its prunable weights.

    BatchNorm normalises by the batch, as in training; the original's buffers and gradients stay untouched.
    """
    network = copy.deepcopy(context.network).train()
    for module in network.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.eval()
    network.requires_grad_(False)
    weights = [network.get_parameter(f"{name}.weight").requires_grad_(True) for name, _ in context.layers]
    return network, weights


def mean_gradient(
    context: ScoringContext, network: nn.Module, weights: list[Tensor], temperature: float = 1.0
) -> list[Tensor]:
    """Return the gradient of the mean loss over all samples of the context's batches.

    Args:
        temperature: divides the logits.
    Raises:
        TaskError: the context has no batch.
    """
    total, samples = [torch.zeros_like(weight) for weight in weights], 0
    for x, y in context.batches():
        loss = context.loss(network(x) / temperature, y)
        torch._foreach_add_(total, torch.autograd.grad(loss, weights), alpha=len(x))
        samples += len(x)
    if not samples:
        raise TaskError("a score that reads data needs at least one training batch")
    return [gradient / samples for gradient in total]


def taylor(context: ScoringContext) -> tuple[Tensor, ...]:
    """Score a weight by |w · dC/dw|, the first-order change of the loss C when it is removed, in double precision.

    References:
        Molchanov et al. (2019), "Importance estimation for neural network pruning"; AP (Liu et al., 2024),
        section 2, "Global Taylor".
    """
    network, weights = training_copy(context)
    gradients = mean_gradient(context, network, weights)
    return tuple((w.detach().double() * g).abs() for w, g in zip(weights, gradients, strict=True))


def snip(context: ScoringContext) -> tuple[Tensor, ...]:
    """Score a connection by |dC/dc| / sum of |dC/dc| over all connections, c being its mask.

    As dC/dc = w · dC/dw at c = 1, this is Taylor's score normalised; SNIP takes it at initialisation.

    References:
        Lee et al. (2019), "SNIP: single-shot network pruning based on connection sensitivity", equation 6.
    """
    sensitivities = taylor(context)
    total = sum(float(s.double().sum()) for s in sensitivities) or 1.0
    return tuple(s / total for s in sensitivities)
