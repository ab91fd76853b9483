"""What a site of a supernet sums: operations, those that survive, and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from nasbench_sparse.nn.operations import BOUND

Table = list[list[float]]
"""Numbers by edge and operation."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Which operations a site sums, and with what weights.

    Args:
        operations: names for each edge.
        survivors: for each edge the operations that are evaluated, as indices.
        bounded: clip to magnitude 10 what can exceed it.
        weights, gammas: by edge and operation.
    """

    operations: tuple[tuple[str, ...], ...]
    survivors: tuple[tuple[int, ...], ...]
    bounded: bool
    weights: Table
    gammas: Table


@dataclass(frozen=True, slots=True)
class Gradients:
    """What a piece adds to the gradients of weights and gammas: numbers (shape ()) and where they belong."""

    weights: list[tuple[int, int, Tensor]] = field(default_factory=list)
    gammas: list[tuple[int, int, Tensor]] = field(default_factory=list)


def added_up(shape: torch.Size, parts: Sequence[tuple[int, int, Tensor]], like: Tensor) -> Tensor:
    """Return a table of a shape with each number added at its edge and operation."""
    table = torch.zeros(shape, dtype=like.dtype, device=like.device)
    if parts:
        edges, operations, numbers = zip(*parts, strict=True)
        values = torch.stack(numbers).to(table)
        table.index_put_((torch.tensor(edges), torch.tensor(operations)), values, accumulate=True)
    return table


def weighted_sum(terms: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return the sum of terms (n,), each times its weight; at least one."""
    total = terms[0] * weights[0]
    for term, weight in zip(terms[1:], weights[1:], strict=True):
        total.add_(term, alpha=weight)
    return total


def bounded(y: Tensor) -> Tensor:
    """Clip to magnitude 10."""
    return F.hardtanh(y, -BOUND, BOUND)


def within(slope: Tensor, y: Tensor) -> Tensor:
    """Return the slope where |y| < 10, else 0, whatever the slope is there."""
    result: Tensor = torch.ops.aten.hardtanh_backward(slope, y, -BOUND, BOUND)
    return result
