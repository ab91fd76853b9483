"""The two half steps of a bi-level search: one of the architecture, one of the weights.

References:
    GRAFS (Strack et al., 2024), algorithm 1.
"""

from __future__ import annotations

import math

import torch

from nasbench_sparse.nn.search_cell import resample
from nasbench_sparse.training.batch_step import BatchStep
from nasbench_sparse.training.losses import batch_loss
from nasbench_sparse.training.search_batches import Batch
from nasbench_sparse.training.supernet import Supernet


def architecture_step(
    supernet: Supernet, batches: list[Batch], generator: torch.Generator, *, independent: bool
) -> float:
    """Update `a` and the gammas on held-out batches under one draw; no gradient is taken of the weights.

    Args:
        independent: draw for each site of a cell anew.
    Returns:
        The mean loss; infinite, and nothing updated, where one is not finite.
    """
    architecture = supernet.architecture
    supernet.use(supernet.mixed)
    resample(supernet.mixed, architecture, generator, independent=independent, learn=True)
    leaves = (architecture.a, architecture.gammas)
    for leaf in leaves:
        leaf.grad = None
    total = 0.0
    for index, (inputs, labels) in enumerate(batches):
        loss = batch_loss(supernet.network(inputs), labels) / len(batches)
        if not torch.isfinite(loss):
            return math.inf
        more = index + 1 < len(batches)
        gradients = torch.autograd.grad(loss, leaves, allow_unused=True, retain_graph=more)
        for leaf, gradient in zip(leaves, gradients, strict=True):
            if gradient is not None:
                leaf.grad = gradient if leaf.grad is None else leaf.grad + gradient
        total += loss.item()
    supernet.optimizer.step()
    return total


def weight_step(
    supernet: Supernet, batches: list[Batch], generator: torch.Generator, *, independent: bool, warm: bool
) -> float:
    """Update the weights on training batches and return the loss, which may not be finite.

    Args:
        independent: draw for each site of a cell anew.
        warm: use the network's original activations.
    """
    training = supernet.training
    if warm:
        supernet.use(supernet.original)
    else:
        supernet.use(supernet.mixed)
        resample(supernet.mixed, supernet.architecture, generator, independent=independent, learn=False)
    with BatchStep(supernet.network, training.masks, training.optimizer, training.recipe) as take_step:
        return take_step(batches)
