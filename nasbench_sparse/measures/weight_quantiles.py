"""The distribution of active weights in each layer, as nine quantiles.

Quantiles rather than a histogram: nine numbers describe a layer on its own scale, with no bin edges to keep, and
give a histogram of any bins by interpolation.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nasbench_sparse.measures.snapshot import Snapshot

LEVELS = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def weight_quantiles(snapshot: Snapshot) -> dict[str, float]:
    """Return `weight_quantiles/layer/level`; 0 where every weight is pruned, which leaves them all 0."""
    found = {}
    for (name, weight), mask in zip(snapshot.layers, snapshot.context.masks, strict=True):
        values = _quantiles(weight.detach()[mask])
        found.update({f"weight_quantiles/{name}/{q:g}": v for q, v in zip(LEVELS, values, strict=True)})
    return found


def _quantiles(values: Tensor) -> list[float]:
    """Interpolate between order statistics, (n,) -> one per level; torch.quantile stops at 2**24 values."""
    if not len(values):
        return [0.0] * len(LEVELS)
    ordered = torch.sort(values).values
    places = torch.tensor(LEVELS, dtype=torch.float64, device=values.device) * (len(values) - 1)
    below = places.floor().long()
    above = places.ceil().long()
    low, high = ordered[below].double(), ordered[above].double()
    result: list[float] = (low + (places - below) * (high - low)).tolist()
    return result
