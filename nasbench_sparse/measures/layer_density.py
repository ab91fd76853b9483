"""Density of each prunable layer."""

from __future__ import annotations

from nasbench_sparse.measures.snapshot import Snapshot


def density(snapshot: Snapshot) -> dict[str, float]:
    """Return `density/layer`: active over all weights of that layer."""
    pairs = zip(snapshot.layers, snapshot.context.masks, strict=True)
    return {f"density/{name}": int(mask.sum()) / mask.numel() for (name, _), mask in pairs}
