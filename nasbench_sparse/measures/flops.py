"""Theoretical floating-point operations of one forward pass of one example.

A weight at each output position of its layer costs two: a multiplication and an addition. Biases, normalisations
and activations are left out, as is common; pruned weights cost nothing in the effective count.
"""

from __future__ import annotations

from functools import partial
from itertools import islice

import torch

from nasbench_sparse.errors import TaskError
from nasbench_sparse.measures.snapshot import Snapshot
from nasbench_sparse.measures.watch import watched
from nasbench_sparse.sparsity import size


def flops(snapshot: Snapshot) -> dict[str, float]:
    """Return `flops/dense` and `flops/effective`.

    Raises:
        TaskError: there are no data to take an example from.
    """
    total = size.total_flops(size.flops(snapshot.context.masks, _positions(snapshot)))
    return {"flops/dense": float(total.dense), "flops/effective": float(total.effective)}


def _positions(snapshot: Snapshot) -> list[int]:
    """Return at how many places each layer's weight is applied to one example: 1 for a layer of vectors."""
    network = snapshot.context.network
    example = next((x[:1] for x, _ in islice(snapshot.context.batches(), 1)), None)
    if example is None:
        raise TaskError("counting operations needs data for an example, and the context's batches hold none")
    counts = dict.fromkeys((name for name, _ in snapshot.layers), 0)

    def add(layer: str, channels: int, output: torch.Tensor) -> None:
        counts[layer] += output.numel() // channels

    network.eval()
    with torch.no_grad(), watched(network, {n: partial(add, n, w.shape[0]) for n, w in snapshot.layers}):
        network(example)
    return list(counts.values())
