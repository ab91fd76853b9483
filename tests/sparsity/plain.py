"""Slow plain versions of what the package does cleverly."""

from __future__ import annotations

import torch
from torch import Tensor


def keep_top(scores: Tensor, density: float) -> Tensor:
    """Keep the round(density * n) highest scores by a stable sort, so that ties keep the lower flat index."""
    order = torch.sort(scores.flatten(), descending=True, stable=True).indices
    mask = torch.zeros(scores.numel(), dtype=torch.bool)
    mask[order[: round(density * scores.numel())]] = True
    return mask.view(scores.shape)
