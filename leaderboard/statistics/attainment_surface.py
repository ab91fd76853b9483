"""Empirical attainment: which density-loss trade-offs what share of runs reaches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import (
    Floats,
    StatisticsError,
    floats,
    fraction,
    items,
    read_only,
    same_shape,
)
from nasbench_sparse.leaderboard.statistics.pareto import front


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attainment:
    """Loss attained at each density by at least a share of the runs; infinite where fewer attain any.

    Args:
        densities, loss: (points,); loss at no more than that density.
        share: of runs; the median attainment surface has 0.5.
        runs: fronts considered; empty: runs without any complete point, which attain nothing but count.
    """

    densities: Floats
    loss: Floats
    share: float
    runs: int
    empty: int

    @property
    def sentence(self) -> str:
        """Say the share, n and empty runs."""
        empty = f", {self.empty} of them without a point" if self.empty else ""
        return f"loss attained by at least {100 * self.share:g} % of n = {self.runs} runs{empty}."


def attained_loss(density: Any, loss: Any, densities: Any) -> Floats:
    """Return one run's lowest loss at no more than each density, infinite where it has none.

    Args:
        density, loss: the run's points, (points,), NaN where missing.
        densities: where to look, (m,), no NaN.
    Raises:
        StatisticsError: see `front`; or densities with NaN.
    """
    edge = front(density, loss)
    place = np.searchsorted(edge.density, _places(densities), side="right")
    attained: Floats = np.concatenate([[math.inf], edge.loss])[place]
    return attained


def attainment(runs: Sequence[tuple[Any, Any]], densities: Any, *, share: float = 0.5) -> Attainment:
    """Return the attainment surface of several runs.

    At each density it is the ceil(share * runs)-th lowest of the runs' attained losses: a loss that was
    reached, never an interpolated one.

    Args:
        runs: each run's (density, loss) points; a run may be empty.
        densities: where to look, (m,), no NaN.
    Raises:
        StatisticsError: no runs, runs that are not pairs, densities with NaN, or a share outside (0, 1).
    References:
        Grunert da Fonseca, Fonseca and Hall (2001), "Inferential performance assessment of stochastic optimisers".
    """
    fraction(share, "share")
    points = _places(densities)
    fronts = [items(run, "a run") for run in items(runs, "runs")]
    if not fronts or any(len(pair) != 2 for pair in fronts):
        raise StatisticsError(f"{len(fronts)} runs given; at least one is needed, each a pair of density and loss")
    rows = [_row(density, loss, points) for density, loss in fronts]
    nothing = np.full(len(points), math.inf)
    table = np.array([nothing if row is None else row for row in rows])
    surface = np.sort(table, axis=0)[max(math.ceil(share * len(rows) - 1e-9), 1) - 1]
    return Attainment(
        densities=read_only(points),
        loss=read_only(surface),
        share=share,
        runs=len(rows),
        empty=sum(row is None for row in rows),
    )


def _places(densities: Any) -> Floats:
    points = floats(densities, "densities", (1,))
    if np.isnan(points).any():
        raise StatisticsError("densities holds NaN; it must say where to look")
    return points


def _row(density: Any, loss: Any, points: Floats) -> Floats | None:
    """Return a run's attained losses; None for a run without a complete point."""
    x, y = floats(density, "density", (1,), minimum=0), floats(loss, "loss", (1,), minimum=0)
    same_shape(x, y, "density and loss")
    return None if (np.isnan(x) | np.isnan(y)).all() else attained_loss(x, y, points)
