"""Measures of a training: when they are taken, and what of."""

from __future__ import annotations

from time import perf_counter

import torch
from torch import nn

from nasbench_sparse.core.blueprint import Train
from nasbench_sparse.measures import MeasureContext, eleven_points, take
from nasbench_sparse.sparsity.masks import WeightMasks
from nasbench_sparse.training.losses import batch_loss
from nasbench_sparse.training.reading import Part, read


def due(train: Train, epoch: int) -> bool:
    """Whether measures are taken after an epoch, counted from 0."""
    if not train.measures or train.measure_at == "epochs":
        return bool(train.measures)
    return epoch in (eleven_points(train.epochs) if train.measure_at == "eleven" else (train.epochs - 1,))


def measure(
    train: Train, network: nn.Module, masks: WeightMasks, part: Part, device: torch.device
) -> dict[str, float]:
    """Take a training's measures over its training examples in their stored order, and the seconds they took.

    Args:
        part: the training part.
    """
    started = perf_counter()
    size = train.recipe.evaluation_batch_size

    context = MeasureContext(network, masks.masks, lambda: read(part, size, device=device), batch_loss)
    metrics = take(train.measures, context)
    return {**metrics, "measure_seconds": perf_counter() - started}
