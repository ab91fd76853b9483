"""Density against loss: Pareto front and hypervolume of sparse networks, both minimised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import (
    Floats,
    StatisticsError,
    floats,
    items,
    number,
    read_only,
    same_shape,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Front:
    """Points that no other point beats in both density and loss, by rising density and falling loss.

    Args:
        positions: of the front's points among those given, (front,).
        n: points considered; dropped: points with a missing coordinate.
    """

    density: Floats
    loss: Floats
    positions: tuple[int, ...]
    n: int
    dropped: int

    @property
    def sentence(self) -> str:
        """Say how many points there are and how many are on the front."""
        holes = f", {self.dropped} incomplete left out" if self.dropped else ""
        return f"{len(self.density)} of n = {self.n} points are on the density-loss front{holes}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypervolume:
    """Area that a front dominates up to a reference point, and as a share of the box it can dominate.

    Args:
        reference: (density, loss) worse than anything of interest; points beyond it count nothing.
        beyond: complete points that do not beat the reference in both.
    """

    area: float
    share: float
    reference: tuple[float, float]
    n: int
    dropped: int
    beyond: int

    @property
    def sentence(self) -> str:
        """Say the area, its reference point, n, and what counted nothing."""
        holes = f", {self.dropped} incomplete left out" if self.dropped else ""
        beyond = f", {self.beyond} beyond the reference" if self.beyond else ""
        place = f"(density {self.reference[0]:g}, loss {self.reference[1]:g})"
        return f"hypervolume {self.area:.4g} up to {place}, share {self.share:.3g}; n = {self.n}{holes}{beyond}."


def front(density: Any, loss: Any) -> Front:
    """Return the Pareto front; of equal points the first given stands for all.

    Args:
        density, loss: (points,), smaller is better; NaN where missing. For accuracy give 1 - accuracy.
    Raises:
        StatisticsError: unequal lengths, or no complete point.
    """
    x, y = floats(density, "density", (1,)), floats(loss, "loss", (1,))
    same_shape(x, y, "density and loss")
    complete = np.flatnonzero(~(np.isnan(x) | np.isnan(y)))
    if len(complete) == 0:
        raise StatisticsError(f"none of {len(x)} points has both a density and a loss")
    order = complete[np.lexsort((y[complete], x[complete]))]
    lowest = np.minimum.accumulate(y[order])
    better = np.concatenate([[True], lowest[1:] < lowest[:-1]])
    kept = order[better]
    return Front(
        density=read_only(x[kept]),
        loss=read_only(y[kept]),
        positions=tuple(int(i) for i in kept),
        n=len(complete),
        dropped=len(x) - len(complete),
    )


def hypervolume(
    density: Any, loss: Any, reference: tuple[float, float], ideal: tuple[float, float] = (0.0, 0.0)
) -> Hypervolume:
    """Return the area dominated by the points and bounded by the reference.

    Args:
        density, loss: (points,), smaller is better.
        reference: worst density and loss of interest, such as (1, the loss of chance).
        ideal: best conceivable, for the share.
    Raises:
        StatisticsError: see `front`; a corner that is not two finite numbers, or an ideal that does not beat the
            reference.
    References:
        Zitzler and Thiele (1998), "Multiobjective optimization using evolutionary algorithms".
    """
    reference, ideal = _corner(reference, "reference"), _corner(ideal, "ideal")
    if not (ideal[0] < reference[0] and ideal[1] < reference[1]):
        raise StatisticsError(f"ideal {ideal} must be below reference {reference} in both density and loss")
    edge = front(density, loss)
    inside = (edge.density < reference[0]) & (edge.loss < reference[1])
    x, y = edge.density[inside], edge.loss[inside]
    heights = np.diff(np.concatenate([[reference[1]], y]))  # (front,), negative
    area = float(((reference[0] - x) * -heights).sum())
    all_x, all_y = floats(density, "density", (1,)), floats(loss, "loss", (1,))
    return Hypervolume(
        area=area,
        share=area / ((reference[0] - ideal[0]) * (reference[1] - ideal[1])),
        reference=reference,
        n=edge.n,
        dropped=edge.dropped,
        beyond=edge.n - int(((all_x < reference[0]) & (all_y < reference[1])).sum()),
    )


def _corner(point: Any, name: str) -> tuple[float, float]:
    values = items(point, name)
    if len(values) != 2:
        raise StatisticsError(f"{name} holds {len(values)} numbers; a density and a loss are needed")
    return number(values[0], f"density of {name}"), number(values[1], f"loss of {name}")
