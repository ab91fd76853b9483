"""SynFlow: prune by the flow of paths through each weight, in many rounds and without data."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.context import ScoringContext
from nasbench_sparse.sparsity.masks import keep_top_alive

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def _pass_through(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
    return inputs[0]


@torch.no_grad()
def _linear_copy(context: ScoringContext) -> tuple[nn.Module, list[Tensor]]:
    """Return the network of absolute weights in double precision, linear in its input, and those weights.

    Activations pass their input on, as ReLU does with what is positive; biases and running means are zero;
    a BatchNorm scales by |γ| / sqrt(running_var + eps).
    """
    network = copy.deepcopy(context.network).double().eval().requires_grad_(False)
    for name, module in network.named_modules():
        if isinstance(module, nn.Embedding):
            raise TaskError(
                "pruning score 'synflow' sends ones through the network; one that reads tokens has none"
            )
        if name.startswith("sites.") and name.count(".") == 1:
            module.register_forward_hook(_pass_through)
        if isinstance(module, NORMS) and module.running_mean is not None:
            module.running_mean.zero_()
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
        else:
            parameter.abs_()
    return network, [network.get_parameter(f"{name}.weight").requires_grad_(True) for name, _ in context.layers]


def _round(network: nn.Module, weights: list[Tensor], ones: Tensor) -> list[Tensor]:
    """Return |w| · dR/d|w| of each weight, R being the sum of the outputs for an input of ones."""
    flows = torch.autograd.grad(network(ones).sum(), weights, materialize_grads=True)
    return [weight.detach() * flow for weight, flow in zip(weights, flows, strict=True)]


def synflow(context: ScoringContext, rounds: int = 100) -> tuple[Tensor, ...]:
    """Score a weight by its share of R = 1ᵀ(prod of |W_l|)1 in the last of `rounds` rounds of global pruning.

    Round k keeps the density (target / now)^(k / rounds) of what is alive, so a global choice at the context's
    density completes the last round. A weight that an earlier round pruned scores below zero, the lower the
    earlier. Layers that normalise each sample (LayerNorm) cancel the flow: the score means nothing there.

    Args:
        rounds: 100 in the paper; 1 prunes in one shot.
    Raises:
        TaskError: fewer than one round, a network that reads tokens, or no input shape.
    References:
        Tanaka et al. (2020), "Pruning neural networks without any data by iteratively conserving synaptic
        flow", algorithm 1 and equation 4.
    """
    if rounds < 1:
        raise TaskError(f"pruning score 'synflow' has at least 1 round, not {rounds}")
    if not context.input_shape:
        raise TaskError("pruning score 'synflow' needs the shape of an input")
    network, weights = _linear_copy(context)
    sizes = [weight.numel() for weight in weights]
    masks = torch.cat([mask.flatten() for mask in context.masks])
    ones = torch.ones((1, *context.input_shape), dtype=torch.float64, device=masks.device)
    alive, target = int(masks.sum()), min(round((context.density or 0.0) * len(masks)), int(masks.sum()))
    final = torch.full((len(masks),), -float(rounds), dtype=torch.float64, device=masks.device)
    for k in range(1, rounds + 1):
        scores = torch.cat([score.flatten() for score in _round(network, weights, ones)])
        final = torch.where(masks, scores if k == rounds else final.new_tensor(float(k - rounds)), final)
        if k < rounds:
            masks = keep_top_alive(scores, masks, round(alive * (target / max(alive, 1)) ** (k / rounds)))
            with torch.no_grad():
                for weight, kept in zip(weights, torch.split(masks, sizes), strict=True):
                    weight.mul_(kept.view(weight.shape))
    return tuple(f.view(w.shape) for f, w in zip(torch.split(final, sizes), weights, strict=True))
