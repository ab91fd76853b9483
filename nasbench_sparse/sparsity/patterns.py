"""N:M patterns: n of every m consecutive weights along the input dimension are kept.

A pattern says how many weights every layer keeps, so it goes with no distribution and no density of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nasbench_sparse.errors import TaskError


def check_pattern(layers: Sequence[tuple[str, Tensor]], n: int, m: int) -> None:
    """Check that a pattern fits every layer; only shapes are read.

    Raises:
        TaskError: not 0 < n < m, or m does not divide the inputs of a layer, naming all such layers.
    """
    if not 0 < n < m:
        raise TaskError(f"pattern {n}:{m} keeps n of m weights; it needs 0 < n < m")
    misfits = [f"{name!r} ({weight.shape[1]})" for name, weight in layers if weight.shape[1] % m]
    if misfits:
        raise TaskError(f"pattern {n}:{m}: {m} does not divide the inputs of layer {', '.join(misfits)}")


def keep_pattern(scores: Sequence[Tensor], masks: Sequence[Tensor], n: int, m: int) -> tuple[Tensor, ...]:
    """Keep the n highest scores of every m consecutive inputs, at each place of a kernel; ties keep the lower one.

    What is pruned already stays pruned: a group with fewer than n weights alive keeps them all.

    Args:
        scores: (out, in) or (out, in / groups, *kernel) for each layer.
        masks: boolean, of the same shapes.
    Returns:
        One boolean mask for each layer.
    Raises:
        TaskError: a pattern that `check_pattern` refuses; it calls layers by their place.
    References:
        Mishra et al. (2021), "Accelerating sparse deep neural networks" (2:4); Zhou et al. (2021), "Learning N:M
        fine-grained structured sparse neural networks from scratch".
    """
    check_pattern([(f"number {i}", mask) for i, mask in enumerate(masks)], n, m)
    return tuple(_layer(s, mask, n, m) for s, mask in zip(scores, masks, strict=True))


def _layer(scores: Tensor, mask: Tensor, n: int, m: int) -> Tensor:
    alive = torch.where(mask & ~scores.isnan(), scores, -float("inf")).movedim(1, -1)  # (out, *kernel, in)
    grouped = alive.reshape(*alive.shape[:-1], -1, m)
    best = torch.sort(grouped, dim=-1, descending=True, stable=True).indices[..., :n]
    kept = torch.zeros_like(grouped, dtype=torch.bool).scatter_(-1, best, True)
    return kept.flatten(-2).movedim(-1, 1) & mask
