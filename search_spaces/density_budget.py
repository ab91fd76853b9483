"""A budget of active weights, and its allocation to layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nasbench_sparse.errors import TaskError


@dataclass(frozen=True, slots=True)
class DensityBudget:
    """An upper bound on the active weights of all layers together; exactly one of the two is given.

    Args:
        max_density: fraction of all weights, in [0, 1]; the bound is its floor in weights.
        max_weights: number of weights.
    Raises:
        TaskError: both or none are given, or out of range.
    """

    max_density: float | None = None
    max_weights: int | None = None

    def __post_init__(self) -> None:
        if (self.max_density is None) == (self.max_weights is None):
            raise TaskError("a density budget takes either max_density or max_weights")
        if self.max_density is not None and not 0.0 <= self.max_density <= 1.0:
            raise TaskError(f"max_density {self.max_density} lies outside [0, 1]")
        if self.max_weights is not None and self.max_weights < 0:
            raise TaskError(f"max_weights {self.max_weights} is negative")

    def weights(self, layer_sizes: Sequence[int]) -> int:
        """Return the bound in weights for layers of these sizes."""
        if self.max_weights is not None:
            return self.max_weights
        assert self.max_density is not None
        return int(self.max_density * sum(layer_sizes) + 1e-6)


NOTHING = 1e-12
"""A layer that wants this little of what another wants gets only what the others leave."""


def allocate(wanted: Sequence[float], low: Sequence[int], high: Sequence[int], total: int) -> list[int]:
    """Scale the wanted weights of each layer by one common factor so that they sum to `total` exactly.

    Water-filling: layers that leave [low, high] are clipped, and the others are scaled on. Where every layer that
    wants something is full, the rest goes to the others in proportion to their room. Fractions are rounded by
    the largest remainder, ties to the earlier layer. An allocation that already fits is returned as it is.

    Args:
        wanted: weights asked for in each layer, >= 0, not necessarily whole.
        low: least number of each layer.
        high: largest number of each layer.
        total: between sum(low) and sum(high).
    Returns:
        Weights of each layer, summing to `total`.
    """
    shares = _scaled(wanted, low, high, total)
    missing = total - sum(shares)
    if missing > 0.5:  # all that want something are full
        room = [h - s for h, s in zip(high, shares, strict=True)]
        shares = [s + r * missing / sum(room) for s, r in zip(shares, room, strict=True)]
    return _rounded(shares, low, high, total)


def _scaled(wanted: Sequence[float], low: Sequence[int], high: Sequence[int], total: int) -> list[float]:
    """Return clip(factor * wanted, low, high), its factor such that the sum is as near to `total` as it can be.

    Each pass settles the layers on the side that is clipped more, which is never undone by a later pass.
    """
    shares = [float(bound) for bound in low]
    least = NOTHING * max(wanted)  # less is nothing: its factor would overflow
    free = [i for i, want in enumerate(wanted) if want > least]
    rest = float(total) - sum(shares[i] for i, want in enumerate(wanted) if want <= least)
    while free:
        factor = rest / sum(wanted[i] for i in free)
        for i in free:
            shares[i] = factor * wanted[i]
        above = [i for i in free if shares[i] > high[i]]
        below = [i for i in free if shares[i] < low[i]]
        if not above and not below:
            break
        excess = sum(shares[i] - high[i] for i in above) - sum(low[i] - shares[i] for i in below)
        settled, bounds = (above, high) if excess >= 0.0 else (below, low)
        for i in settled:
            shares[i] = float(bounds[i])
            rest -= bounds[i]
        free = [i for i in free if i not in settled]
    return shares


def _rounded(shares: Sequence[float], low: Sequence[int], high: Sequence[int], total: int) -> list[int]:
    counts = [min(max(int(s + 1e-9), lo), hi) for s, lo, hi in zip(shares, low, high, strict=True)]
    missing = total - sum(counts)
    step, bounds = (1, high) if missing > 0 else (-1, low)
    order = sorted(range(len(counts)), key=lambda i: step * (counts[i] - shares[i]))
    while missing:
        for i in order:
            if missing and counts[i] != bounds[i]:
                counts[i] += step
                missing -= step
    return counts
