"""Anytime performance: incumbents as step functions of what a run has spent.

Spending is in full-evaluation equivalents or simulated seconds; the caller chooses, and keeps to one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import (
    Floats,
    StatisticsError,
    counted,
    floats,
    items,
    number,
    one_of,
    read_only,
    same_shape,
    whole,
)

Axis = tuple[str, ...]
AXES: Axis = ("full evaluations", "seconds")


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One run's incumbent over spending.

    Args:
        spent: cumulative spending at which the incumbent changed or was confirmed, not decreasing, (events,).
        loss: the incumbent's loss, (events,).
        end: spending up to which the run was observed; infinite for one that had nothing more to ask, whose
            incumbent holds for ever.
    """

    spent: Floats
    loss: Floats
    end: float

    def at(self, points: Floats, before: float) -> Floats:
        """Return the incumbent at each spending: `before` until the first event, NaN after the end."""
        place = np.searchsorted(self.spent, points, side="right")
        values: Floats = np.concatenate([[before], self.loss])[place]
        return np.where(points <= self.end, values, np.nan)


def trace(spent: Any, loss: Any, *, end: float | None = None, falling: bool = True) -> Trace:
    """Check and hold one run's incumbents; an event with a missing loss (a failed trial) spends and finds nothing.

    Args:
        spent, loss: (events,), empty for a run without a result.
        end: None for the last event's spending.
        falling: take running minima; False where each loss is that of a new incumbent, and may be higher since
            incumbents are chosen by one loss and scored by another.
    Raises:
        StatisticsError: unequal lengths, spending that is missing, negative or decreasing, or an early end.
    """
    x, y = floats(spent, "spent", (1,), minimum=0), floats(loss, "loss", (1,), minimum=0)
    same_shape(x, y, "spent and loss")
    if np.isnan(x).any() or (x < 0).any() or (np.diff(x) < 0).any():
        raise StatisticsError("spent must be cumulative: numbers from 0 up that never decrease")
    last = float(x[-1]) if len(x) else 0.0
    stop = last if end is None else number(end, "end", infinite=True)
    if stop < last:
        raise StatisticsError(f"end is {stop:g}, before the last event at {last:g}")
    found = ~np.isnan(y)
    kept = np.minimum.accumulate(y[found]) if falling else y[found]
    return Trace(read_only(x[found]), read_only(kept), stop)


def traces(runs: Any) -> tuple[Trace, ...]:
    """Return one or more traces.

    Raises:
        StatisticsError: none, or something else.
    """
    given = items(runs, "runs")
    if not given or not all(isinstance(run, Trace) for run in given):
        raise StatisticsError(f"{len(given)} runs given; at least one is needed, each made by `trace`")
    return given


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anytime:
    """Incumbents of runs on a common grid, and the area under them.

    Args:
        grid: spending, (points,), from 0 to the budget.
        losses: (runs, points), NaN after the end of a run that stopped short.
        area: mean incumbent loss over spending up to the budget, exact for the step function, (runs,); NaN for a
            run that stopped short.
        short: positions of runs that stopped before the budget; they are marked, not extrapolated.
        axis: "full evaluations" or "seconds".
    """

    grid: Floats
    losses: Floats
    area: Floats
    budget: float
    axis: str
    short: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """Say the budget and its unit, n, and which runs stopped short."""
        n = len(self.area)
        text = f"area under the incumbent curve over {self.budget:g} {self.axis}; n = {counted(n, 'run')}"
        return text + (f", {len(self.short)} of them stopped short and have no area." if self.short else ".")


def anytime(runs: Sequence[Trace], budget: float, before: float, *, axis: str, points: int = 101) -> Anytime:
    """Align runs on a grid and integrate their incumbents.

    Args:
        budget: spending up to which runs are compared.
        before: loss until a run's first result, such as the objective's worst or the baseline's.
        axis: what spending is measured in, "full evaluations" or "seconds".
        points: of the grid, two or more.
    Raises:
        StatisticsError: no traces, a budget that is not positive, a setting that is no number, or another axis.
    """
    one_of(axis, AXES, "axis")
    runs = traces(runs)
    whole(points, "points", 2)
    number(before, "before")
    if number(budget, "budget") <= 0:
        raise StatisticsError(f"budget is {budget:g}; a positive one is needed")
    grid = np.linspace(0.0, budget, points)
    return Anytime(
        grid=read_only(grid),
        losses=read_only(np.array([run.at(grid, before) for run in runs])),
        area=read_only(np.array([_area(run, budget, before) for run in runs])),
        budget=float(budget),
        axis=axis,
        short=tuple(i for i, run in enumerate(runs) if run.end < budget),
    )


def _area(run: Trace, budget: float, before: float) -> float:
    if run.end < budget:
        return math.nan
    inside = run.spent < budget
    edges = np.concatenate([[0.0], run.spent[inside], [budget]])
    heights = np.concatenate([[before], run.loss[inside]])
    return float((np.diff(edges) * heights).sum() / budget)
