"""Performance profiles: the share of runs that score at least so much, at every threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import (
    Floats,
    StatisticsError,
    counted,
    floats,
    read_only,
    runs_by_tasks,
)
from nasbench_sparse.leaderboard.statistics.stratified import complete_tasks, stratified_bootstrap


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """A performance profile with a pointwise band.

    Args:
        thresholds, fraction: share of runs of all tasks with a score of at least the threshold, (points,).
        low, high: ends of the stratified bootstrap, (points,), NaN with one run per task.
        dropped: positions of tasks left out because a run is missing.
    """

    thresholds: Floats
    fraction: Floats
    low: Floats
    high: Floats
    level: float
    runs: int
    tasks: int
    dropped: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """Say n, holes and what the band is."""
        holes = f", {counted(len(self.dropped), 'task')} with holes left out" if self.dropped else ""
        band = "no band: one run per task" if np.isnan(self.low).all() else f"pointwise {100 * self.level:g} % band"
        n = f"{counted(self.runs, 'run')} of each of {counted(self.tasks, 'task')}"
        return f"performance profile; n = {n}{holes}; {band}."


def performance_profile(
    scores: Any, thresholds: Any, rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Profile:
    """Return the run-score distribution.

    Args:
        scores: (runs, tasks), higher is better, comparable between tasks; NaN where a run is missing.
        thresholds: increasing, (points,).
    Raises:
        StatisticsError: no complete task, or thresholds missing or not increasing.
    References:
        Agarwal et al. (2021), section 4.2.
    """
    matrix, points = runs_by_tasks(scores, "scores"), floats(thresholds, "thresholds", (1,))
    if np.isnan(points).any() or (np.diff(points) <= 0).any():
        raise StatisticsError("thresholds must be increasing numbers")
    complete = complete_tasks(matrix)
    kept = matrix[:, complete]

    def reached(stack: Floats) -> Floats:
        flat = np.sort(stack.reshape(len(stack), -1), axis=1)
        below = np.array([np.searchsorted(row, points, side="left") for row in flat])
        share: Floats = 1 - below / flat.shape[1]
        return share

    ends = stratified_bootstrap(reached, kept, rng, level=level, resamples=resamples)
    low, high = ends if ends is not None else (np.full(len(points), np.nan), np.full(len(points), np.nan))
    return Profile(
        thresholds=read_only(points),
        fraction=read_only(reached(kept[None])[0]),
        low=read_only(low),
        high=read_only(high),
        level=level,
        runs=kept.shape[0],
        tasks=kept.shape[1],
        dropped=tuple(int(i) for i in np.flatnonzero(~complete)),
    )
