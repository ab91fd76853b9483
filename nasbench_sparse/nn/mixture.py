"""What a site of a supernet sums: operations, those that survive, and their weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from nasbench_sparse.nn.operations import BOUND


@dataclass(frozen=True, slots=True)
class Mixture:
    """Which operations a site sums, and with what weights.

    Args:
        operations: names for each edge.
        survivors: for each edge the operations that are evaluated, as indices.
        bounded: clip to magnitude 10 what can exceed it.
        weights, gammas: (edges, operations).
    """

    operations: tuple[tuple[str, ...], ...]
    survivors: tuple[tuple[int, ...], ...]
    bounded: bool
    weights: Tensor
    gammas: Tensor

    def cast(self, weights: Tensor, gammas: Tensor, dtype: torch.dtype) -> Mixture:
        """Return the mixture with these weights and gammas, without gradient and in a type."""
        return replace(self, weights=weights.detach().to(dtype), gammas=gammas.detach().to(dtype))

    def gradients(self) -> Gradients:
        """Return gradients of weights and gammas, all zero."""
        return Gradients(torch.zeros_like(self.weights), torch.zeros_like(self.gammas))


@dataclass(frozen=True, slots=True)
class Gradients:
    """Gradients of a mixture's weights and gammas, to which every piece adds; (edges, operations)."""

    weights: Tensor
    gammas: Tensor


def bounded(y: Tensor) -> Tensor:
    """Clip to magnitude 10."""
    return F.hardtanh(y, -BOUND, BOUND)


def within(slope: Tensor, y: Tensor) -> Tensor:
    """Return the slope where |y| < 10, else 0, whatever the slope is there."""
    result: Tensor = torch.ops.aten.hardtanh_backward(slope, y, -BOUND, BOUND)
    return result
