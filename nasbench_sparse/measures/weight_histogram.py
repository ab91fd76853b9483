"""Histogram of the active weights of each layer, in equal bins on its own scale."""

from __future__ import annotations

import torch
from torch import Tensor

from nasbench_sparse.measures.snapshot import Snapshot

BINS = 32


def weight_histogram(snapshot: Snapshot) -> dict[str, float]:
    """Return `weight_histogram/layer/limit`, the largest magnitude, and counts, `/00` to `/31` for `/limit`.

    Bin i of a layer begins at limit * (i - 16) / 16; the last one holds the limit too. Counts of several layers
    cannot be added bin by bin, as their limits differ.
    """
    found: dict[str, float] = {}
    for (name, weight), mask in zip(snapshot.layers, snapshot.context.masks, strict=True):
        limit, counts = _histogram(weight.detach()[mask])
        found[f"weight_histogram/{name}/limit"] = limit
        found.update({f"weight_histogram/{name}/{i:02d}": float(count) for i, count in enumerate(counts)})
    return found


def _histogram(values: Tensor) -> tuple[float, list[int]]:
    """Return the largest magnitude of values, (n,), and how many lie in each bin."""
    limit = float(values.abs().max()) if len(values) else 0.0
    if limit == 0.0:
        return 0.0, [0] * (BINS // 2) + [len(values)] + [0] * (BINS // 2 - 1)
    places = (values.double() / limit * (BINS // 2)).floor().long() + BINS // 2
    counts: list[int] = torch.bincount(places.clamp(max=BINS - 1).cpu(), minlength=BINS).tolist()
    return limit, counts
