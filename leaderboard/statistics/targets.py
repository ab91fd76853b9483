"""Empirical distribution of the time to reach targets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import Floats, StatisticsError, floats, one_of, read_only
from nasbench_sparse.leaderboard.statistics.incumbents import AXES, Trace, traces


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeToTarget:
    """When runs reach targets.

    Args:
        times: spending at which each run first reaches each target, (runs, targets), infinite where it never did.
        grid, fraction: share of (run, target) pairs reached by that spending, (points,); NaN beyond `horizon`.
        horizon: the spending up to which every pair not reached was still watched; beyond it a share would
            guess what runs that stopped short would have done.
        unreached: pairs never reached.
    """

    targets: Floats
    times: Floats
    grid: Floats
    fraction: Floats
    horizon: float
    axis: str
    unreached: int

    @property
    def sentence(self) -> str:
        """Say n, how many pairs were not reached, and up to where the curve is known."""
        runs, targets = self.times.shape
        known = "everywhere" if math.isinf(self.horizon) else f"up to {self.horizon:g} {self.axis}"
        return (
            f"time to target in {self.axis}; n = {runs} runs x {targets} targets, {self.unreached} not reached; "
            f"known {known}."
        )


def time_to_target(runs: Sequence[Trace], targets: Any, grid: Any, *, axis: str) -> TimeToTarget:
    """Return the empirical distribution of the spending that reaches targets.

    Args:
        runs: traces of one task; join tasks by averaging their fractions.
        targets: losses, (targets,); a target is reached by a loss no higher than it.
        grid: spending, (points,).
        axis: "full evaluations" or "seconds".
    Raises:
        StatisticsError: no traces, or targets or grid with missing values.
    References:
        Hansen et al. (2022), "Anytime performance assessment in blackbox optimization benchmarking".
    """
    one_of(axis, AXES, "axis")
    goals, points = floats(targets, "targets", (1,)), floats(grid, "grid", (1,))
    runs = traces(runs)
    if np.isnan(goals).any() or np.isnan(points).any():
        raise StatisticsError("targets or grid holds NaN; both must say where to look")
    times = np.array([_times(run, goals) for run in runs])
    open_ends = [run.end for run, row in zip(runs, times, strict=True) if np.isinf(row).any()]
    horizon = min(open_ends, default=math.inf)
    reached = (times[None] <= points[:, None, None]).mean(axis=(1, 2))
    return TimeToTarget(
        targets=read_only(goals),
        times=read_only(times),
        grid=read_only(points),
        fraction=read_only(np.where(points <= horizon, reached, np.nan)),
        horizon=horizon,
        axis=axis,
        unreached=int(np.isinf(times).sum()),
    )


def _times(run: Trace, targets: Floats) -> Floats:
    """Return when the incumbent first reaches each target: a search in reverse through the lowest losses so far."""
    place = np.searchsorted(-np.minimum.accumulate(run.loss), -targets, side="left")
    times: Floats = np.concatenate([run.spent, [math.inf]])[place]
    return times
