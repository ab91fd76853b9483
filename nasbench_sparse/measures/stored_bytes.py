"""Bytes that a network's parameters take, dense and in two sparse formats; see `sparsity.size.stored_bytes`."""

from __future__ import annotations

from nasbench_sparse.measures.snapshot import Snapshot
from nasbench_sparse.sparsity import size


def stored_bytes(snapshot: Snapshot) -> dict[str, float]:
    """Return `stored_bytes/dense`, `stored_bytes/bitmap` and `stored_bytes/csr`, all parameters included."""
    everything = sum(p.numel() for p in snapshot.context.network.parameters())
    others = everything - sum(mask.numel() for mask in snapshot.context.masks)
    found = size.stored_bytes(snapshot.context.masks, others)
    return {
        "stored_bytes/dense": float(found.dense),
        "stored_bytes/bitmap": float(found.bitmap),
        "stored_bytes/csr": float(found.csr),
    }
