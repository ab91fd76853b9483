"""Measures of a training: when they are taken, and what of."""

from __future__ import annotations

from time import perf_counter

import torch
from torch import nn

from nasbench_sparse.core.blueprint import Train
from nasbench_sparse.measures import MeasureContext, eleven_points, take
from nasbench_sparse.sparsity.masks import WeightMasks
from nasbench_sparse.training.losses import batch_loss
from nasbench_sparse.training.reading import Parts, read


def due(train: Train, epoch: int) -> bool:
    """Whether measures are taken after an epoch, counted from 0."""
    if not train.measures or train.measure_at == "epochs":
        return bool(train.measures)
    return epoch in (eleven_points(train.epochs) if train.measure_at == "eleven" else (train.epochs - 1,))


def measure(
    train: Train, network: nn.Module, masks: WeightMasks, data: Parts, device: torch.device
) -> dict[str, float]:
    """Take a training's measures over its examples in their stored order, and the seconds they took."""
    started = perf_counter()
    size = train.recipe.evaluation_batch_size
    context = MeasureContext(
        network,
        masks.masks,
        lambda: read(data.train, size, device=device),
        batch_loss,
        lambda: read(data.val, size, device=device),
    )
    metrics = take(train.measures, context)
    return {**metrics, "measure_seconds": perf_counter() - started}
