"""Scores of losses: regret to an optimum, and the share of the way from a baseline to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import (
    Bools,
    Floats,
    StatisticsError,
    counted,
    floats,
    read_only,
    runs_by_tasks,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regret:
    """Losses less the optimum.

    Args:
        values: (runs, tasks), NaN where a run is missing.
        optimum: per task, (tasks,).
        exact: per task, whether the optimum is known from a full table or is only the best loss found.
        missing: runs without a loss.
    """

    values: Floats
    optimum: Floats
    exact: Bools
    missing: int

    @property
    def sentence(self) -> str:
        """Say what the regret is measured against, and how many runs are missing."""
        known, tasks = int(self.exact.sum()), len(self.exact)
        against = (
            "the tables' optimum (exact)"
            if known == tasks
            else "the best loss found (no table)"
            if known == 0
            else f"the tables' optimum in {counted(known, 'task')} and the best loss found in {tasks - known}"
        )
        n = f"{counted(len(self.values), 'run')} of {counted(tasks, 'task')}, {self.missing} missing"
        return f"regret to {against}; n = {n}."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """Losses on the scale where the baseline is 0 and the optimum 1.

    Args:
        values: (runs, tasks), NaN where a run is missing or its task has no scale; below 0 is worse than baseline.
        undefined: positions of tasks whose baseline is missing or no worse than the optimum.
        above: runs above 1, which beat an optimum that was only the best found elsewhere.
    """

    values: Floats
    baseline: Floats
    optimum: Floats
    undefined: tuple[int, ...]
    missing: int
    above: int

    @property
    def sentence(self) -> str:
        """Say the scale, n, holes and tasks without a scale."""
        runs, tasks = self.values.shape
        n = f"{counted(runs, 'run')} of {counted(tasks, 'task')}, {self.missing} missing"
        text = f"score 0 at the baseline, 1 at the optimum; n = {n}"
        if self.undefined:
            none = counted(len(self.undefined), "task")
            text += f"; no scale in {none}, whose baseline is no worse than the optimum"
        return text + (f"; {counted(self.above, 'run')} beyond the optimum given." if self.above else ".")


def regret(losses: Any, optimum: Any = None, *, best_found: Any = None) -> Regret:
    """Return losses less the optimum of each task.

    Args:
        losses: (runs, tasks), or (runs,) of one task; NaN where missing.
        optimum: exact, per task, (tasks,), NaN where it is not known; None where none is.
        best_found: lowest loss seen by anybody, per task, used where the optimum is not known; None for the
            lowest of `losses`, which makes regrets of separate calls incomparable.
    Raises:
        StatisticsError: another number of optima than tasks, a loss below an exact optimum, or a task with neither.
    """
    matrix = runs_by_tasks(losses, "losses")
    known = _per_task(optimum, matrix, "optimum")
    found = _per_task(best_found, matrix, "best_found")
    exact = ~np.isnan(known)
    lowest = np.where(np.isnan(matrix), np.inf, matrix).min(axis=0)
    below = lowest < known - 1e-12 * np.abs(known)  # False where the optimum is not known
    if below.any():
        task = int(np.flatnonzero(below)[0])
        raise StatisticsError(f"task {task} has a loss {lowest[task]:g} below its exact optimum {known[task]:g}")
    reference = np.where(exact, known, np.fmin(found, lowest))
    if np.isinf(reference).any():
        raise StatisticsError(
            f"task {int(np.flatnonzero(np.isinf(reference))[0])} has neither a loss nor an optimum"
        )
    return Regret(
        values=read_only(matrix - reference),
        optimum=read_only(reference),
        exact=read_only(exact),
        missing=int(np.isnan(matrix).sum()),
    )


def normalised_scores(losses: Any, baseline: Any, optimum: Any) -> Scores:
    """Return (baseline - loss) / (baseline - optimum) per task.

    Args:
        losses: (runs, tasks), or (runs,) of one task; NaN where missing.
        baseline: per task, such as random search's mean loss at the same budget; NaN where missing.
        optimum: per task, exact or best found.
    Raises:
        StatisticsError: another number of baselines or optima than tasks.
    """
    matrix = runs_by_tasks(losses, "losses")
    base, best = _per_task(baseline, matrix, "baseline"), _per_task(optimum, matrix, "optimum")
    scaled = base > best  # False where either is NaN
    width = np.where(scaled, base - best, np.nan)
    values = (base - matrix) / width
    return Scores(
        values=read_only(values),
        baseline=read_only(base),
        optimum=read_only(best),
        undefined=tuple(int(i) for i in np.flatnonzero(~scaled)),
        missing=int(np.isnan(matrix).sum()),
        above=int((values > 1 + 1e-12).sum()),
    )


def _per_task(values: Any, matrix: Floats, name: str) -> Floats:
    tasks = matrix.shape[1]
    if values is None:
        return np.full(tasks, np.nan)
    array = floats(values, name, (0, 1)).reshape(-1)
    if len(array) != tasks:
        raise StatisticsError(f"{name} has {len(array)} values for {tasks} tasks; one for each task is needed")
    return array
