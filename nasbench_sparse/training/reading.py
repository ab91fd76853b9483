"""Reads a part of a data set batch by batch, whether its examples are in memory or decoded when asked for."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from nasbench_sparse.data.batches import Batches, Sources, in_order
from nasbench_sparse.training.data import Split

Batch = tuple[Tensor, Tensor]
Part = tuple[Tensor, Tensor] | Batches
Parts = Split | Sources


def count(part: Part) -> int:
    """Return the number of examples."""
    return len(part[1]) if isinstance(part, tuple) else len(part)


def read(
    part: Part,
    size: int,
    order: Tensor | None = None,
    *,
    device: torch.device | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[Batch]:
    """Yield inputs (B, ...) and targets (B, ...), `size` examples at a time; the last batch may be smaller.

    Args:
        order: numbers of the examples; None for all as they are stored.
        device: where examples that are decoded now are moved to; those in memory stay where they are.
        generator: of a source's own augmentation; None for none.
    """
    if isinstance(part, tuple):
        inputs, targets = part if order is None else (tensor[order] for tensor in part)
        yield from zip(torch.split(inputs, size), torch.split(targets, size), strict=True)
        return
    for inputs, targets in in_order(part, torch.arange(len(part)) if order is None else order, size, generator):
        yield inputs.to(device), targets.to(device)
