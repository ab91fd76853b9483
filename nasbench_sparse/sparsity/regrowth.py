"""Drop and grow: some weights are pruned and as many others revived, layer by layer.

A grown weight was pruned, so it is zero and starts at zero; its optimizer state is the caller's to clear. A weight
that is dropped and grown at once was never pruned and goes on as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from nasbench_sparse.errors import TaskError
from nasbench_sparse.sparsity.masks import keep_top_alive


def _regrow(weight: Tensor, mask: Tensor, growth: Tensor, fraction: float) -> Tensor:
    alive = int(mask.sum())
    dropped = int(fraction * alive)
    kept = keep_top_alive(weight.detach().abs(), mask, alive - dropped)
    return kept | keep_top_alive(growth, ~kept, dropped)


def _checked(fraction: float) -> float:
    if not 0.0 <= fraction <= 1.0:
        raise TaskError(f"the fraction of weights to drop and grow, {fraction}, lies outside [0, 1]")
    return fraction


def rigl(
    weights: Sequence[Tensor], masks: Sequence[Tensor], gradients: Sequence[Tensor], fraction: float
) -> tuple[Tensor, ...]:
    """Drop the smallest |w| of a layer and grow where |dC/dw| of the dense weights is largest.

    Args:
        gradients: of all weights, pruned ones too.
        fraction: of the weights alive in the layer, rounded down; see `schedules.cosine_fraction`.
    Returns:
        Masks of unchanged counts.
    Raises:
        TaskError: a fraction outside [0, 1].
    References:
        Evci et al. (2020), "Rigging the lottery: making all tickets winners", algorithm 1.
    """
    share = _checked(fraction)
    return tuple(_regrow(w, mask, g.abs(), share) for w, mask, g in zip(weights, masks, gradients, strict=True))


def set_(
    layers: Sequence[tuple[str, Tensor]],
    masks: Sequence[Tensor],
    stream: Callable[[str], np.random.Generator],
    fraction: float = 0.3,
) -> tuple[Tensor, ...]:
    """Drop the weights of a layer closest to zero and grow others at random (sparse evolutionary training).

    Args:
        layers: name and weight of each prunable layer.
        stream: gives a layer's generator by its name; another one at each call, or the draws repeat.
        fraction: of the weights alive in the layer, rounded down; the paper's 0.3.
    Returns:
        Masks of unchanged counts.
    Raises:
        TaskError: a fraction outside [0, 1].
    References:
        Mocanu et al. (2018), "Scalable training of artificial neural networks with adaptive sparse connectivity",
        algorithm 1; one fraction of positive and negative weights together, as in Evci et al. (2020), section 3.
    """
    share = _checked(fraction)
    return tuple(
        _regrow(weight, mask, _uniform(stream(name), weight), share)
        for (name, weight), mask in zip(layers, masks, strict=True)
    )


def _uniform(rng: np.random.Generator, like: Tensor) -> Tensor:
    return torch.from_numpy(rng.random(like.numel())).view(like.shape).to(like.device)
