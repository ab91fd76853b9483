"""Apportionment: whole numbers of weights for each layer, with an exact total and no layer over its size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Shares = Callable[[float], list[float]]


def round_exactly(shares: Sequence[float], capacities: Sequence[int], total: int) -> list[int]:
    """Round shares to whole numbers of a given total by largest remainder; ties go to the earlier layer.

    Args:
        shares: the wanted number of each layer, adding up to about `total`.
        capacities: the most that each layer can have, together at least `total`.
    """
    counts = [min(int(share), capacity) for share, capacity in zip(shares, capacities, strict=True)]
    order = sorted(range(len(counts)), key=lambda i: (counts[i] - shares[i], i))
    step = 1 if sum(counts) <= total else -1
    while sum(counts) != total:
        for i in order if step > 0 else reversed(order):
            if sum(counts) != total and 0 <= counts[i] + step <= capacities[i]:
                counts[i] += step
    return counts


def saturate(weights: Sequence[float], capacities: Sequence[int], total: int) -> list[float]:
    """Share a total in proportion to weights; a layer over its capacity is full, the others share the rest.

    Args:
        weights: positive.
        capacities: together at least `total`.
    """
    full: set[int] = set()
    while True:
        rest = total - sum(capacities[i] for i in full)
        open_weight = sum(w for i, w in enumerate(weights) if i not in full)
        factor = rest / open_weight if open_weight > 0 else 0.0
        over = {i for i, w in enumerate(weights) if i not in full and factor * w > capacities[i]}
        if not over:
            return [float(capacities[i]) if i in full else factor * w for i, w in enumerate(weights)]
        full |= over


def bisect(shares: Shares, total: int) -> list[float]:
    """Return the shares at the parameter >= 0 where their sum, which falls to the total or below, meets it."""
    low, high = 0.0, 1.0
    while sum(shares(high)) > total:
        low, high = high, 2.0 * high
    for _ in range(100):  # the width shrinks by 2^-100: nothing is left between two neighbouring doubles
        middle = (low + high) / 2
        low, high = (middle, high) if sum(shares(middle)) > total else (low, middle)
    return shares(high)
