"""Scores of the weights alone: random, magnitude, and the change since initialisation."""

from __future__ import annotations

import torch
from torch import Tensor

from nasbench_sparse.sparsity.context import ScoringContext


def random(context: ScoringContext) -> tuple[Tensor, ...]:
    """Score a weight by a uniform draw in double precision; equal generators give nested masks."""
    return tuple(
        torch.from_numpy(context.stream(name).random(weight.numel())).view(weight.shape).to(weight.device)
        for name, weight in context.layers
    )


def magnitude(context: ScoringContext) -> tuple[Tensor, ...]:
    """Score a weight by |w|."""
    return tuple(weight.detach().abs() for weight in context.weights)


def movement(context: ScoringContext) -> tuple[Tensor, ...]:
    """Score a weight by |w - w_0|, how far it moved since initialisation.

    References:
        Zhou et al. (2019), "Deconstructing lottery tickets", section 2, "movement".
    """
    return tuple(
        (w.detach() - start).abs() for w, start in zip(context.weights, context.initial or (), strict=True)
    )


def magnitude_increase(context: ScoringContext) -> tuple[Tensor, ...]:
    """Score a weight by |w| - |w_0|.

    References:
        Zhou et al. (2019), "Deconstructing lottery tickets", section 2, "magnitude increase".
    """
    return tuple(
        w.detach().abs() - start.abs() for w, start in zip(context.weights, context.initial or (), strict=True)
    )
