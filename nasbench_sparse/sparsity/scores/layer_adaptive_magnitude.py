"""LAMP: magnitude relative to what its layer would keep."""

from __future__ import annotations

import torch
from torch import Tensor

from nasbench_sparse.sparsity.context import ScoringContext


def _layer(weight: Tensor) -> Tensor:
    values = weight.detach().abs().flatten().cpu()  # sums along CUDA tensors vary in their bits
    magnitudes, order = torch.sort(values)
    squares = magnitudes.double().square()
    tails = squares.flip(0).cumsum(0).flip(0)  # tails[i] = sum of squares[i:]
    first = torch.searchsorted(magnitudes, magnitudes)  # equal weights share the tail of the first of them
    scores = torch.empty_like(squares)
    scores[order] = (squares / tails[first]).nan_to_num(nan=0.0)  # 0 / 0 in a layer without survivors
    return scores.view(weight.shape).to(weight.device)


def lamp(context: ScoringContext) -> tuple[Tensor, ...]:
    """Score w_u by w_u² / sum of w_v² over the v of its layer with w_v² >= w_u²; meant for a global choice.

    Equal magnitudes have equal scores; a layer of zeros scores 0.

    References:
        Lee et al. (2021), "Layer-adaptive sparsity for the magnitude-based pruning", equation 6.
    """
    return tuple(_layer(weight) for weight in context.weights)
