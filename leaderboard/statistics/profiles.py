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
)
from nasbench_sparse.leaderboard.statistics.stratified import (
    complete_tasks,
    run_weights,
    sizes_text,
    strata,
    stratified_bootstrap,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """A performance profile with a pointwise band.

    Args:
        thresholds, fraction: mean over tasks of the share of its runs that score at least the threshold, (points,).
        low, high: ends of the stratified bootstrap, (points,), NaN where some task has one run.
        sizes: runs of each task.
        dropped: positions of tasks left out because a run is missing.
    """

    thresholds: Floats
    fraction: Floats
    low: Floats
    high: Floats
    level: float
    sizes: tuple[int, ...]
    dropped: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """Say n, holes and what the band is."""
        holes = f", {counted(len(self.dropped), 'task')} with holes left out" if self.dropped else ""
        single = "one run per task" if max(self.sizes) == 1 else "one run of some task"
        band = f"no band: {single}" if np.isnan(self.low).all() else f"pointwise {100 * self.level:g} % band"
        return f"performance profile; n = {sizes_text(self.sizes)}{holes}; {band}."


def performance_profile(
    scores: Any, thresholds: Any, rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Profile:
    """Return the run-score distribution.

    Args:
        scores: (runs, tasks), higher is better, comparable between tasks, NaN where a run is missing; or `Strata`,
            where tasks have different numbers of runs.
        thresholds: increasing, (points,).
    Raises:
        StatisticsError: no complete task, or thresholds missing or not increasing.
    References:
        Agarwal et al. (2021), section 4.2.
    """
    given, points = strata(scores, "scores"), floats(thresholds, "thresholds", (1,))
    if np.isnan(points).any() or (np.diff(points) <= 0).any():
        raise StatisticsError("thresholds must be increasing numbers")
    complete = complete_tasks(given)
    kept = given.among(complete)
    weights = run_weights(kept.matrix).ravel()

    def reached(stack: Floats) -> Floats:
        flat = stack.reshape(len(stack), -1)
        order = np.argsort(flat, axis=1)  # NaN sorts last, and weighs nothing
        passed = np.zeros((len(stack), len(weights) + 1))
        passed[:, 1:] = np.cumsum(weights[order], axis=1)
        below = [np.searchsorted(row[places], points, side="left") for row, places in zip(flat, order, strict=True)]
        share: Floats = 1 - np.take_along_axis(passed, np.array(below), axis=1) / weights.sum()
        return share

    ends = stratified_bootstrap(reached, kept, rng, level=level, resamples=resamples)
    low, high = ends if ends is not None else (np.full(len(points), np.nan), np.full(len(points), np.nan))
    return Profile(
        thresholds=read_only(points),
        fraction=read_only(reached(kept.matrix[None])[0]),
        low=read_only(low),
        high=read_only(high),
        level=level,
        sizes=kept.sizes,
        dropped=tuple(int(i) for i in np.flatnonzero(~complete)),
    )
