"""Coverage: which runs there are, and which are missing, failed or shorter than the budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import (
    Bools,
    Floats,
    Ints,
    StatisticsError,
    floats,
    items,
    mapping,
    read_only,
    runs_by_tasks,
    same_shape,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """Counts of runs, contenders x tasks.

    Args:
        planned: runs meant to be there; the next four add up to it.
        finished: with a loss, at the full budget.
        failed: without a loss, known to have failed.
        missing: without a loss, not known to have failed.
        short: with a loss, but less than the task's budget spent.
    """

    contenders: tuple[str, ...]
    tasks: tuple[str, ...]
    planned: Ints
    finished: Ints
    failed: Ints
    missing: Ints
    short: Ints

    @property
    def complete(self) -> Bools:
        """Whether every planned run finished, (contenders, tasks)."""
        return np.asarray(self.finished == self.planned)

    @property
    def complete_tasks(self) -> tuple[str, ...]:
        """Tasks on which all contenders can be compared."""
        return tuple(task for j, task in enumerate(self.tasks) if self.complete[:, j].all())

    @property
    def holes(self) -> tuple[str, ...]:
        """Name each hole: contender, task, and what is wrong with how many runs."""
        found = []
        for i, contender in enumerate(self.contenders):
            for j, task in enumerate(self.tasks):
                counts = (("missing", self.missing), ("failed", self.failed), ("short", self.short))
                wrong = [f"{int(table[i, j])} {word}" for word, table in counts if table[i, j]]
                if wrong:
                    found.append(f"{contender} on {task}: {', '.join(wrong)} of {int(self.planned[i, j])} runs")
        return tuple(found)

    @property
    def sentence(self) -> str:
        """Say how many runs finished and how many tasks can be compared."""
        return (
            f"{int(self.finished.sum())} of {int(self.planned.sum())} runs finished "
            f"({int(self.missing.sum())} missing, {int(self.failed.sum())} failed, {int(self.short.sum())} short); "
            f"{len(self.complete_tasks)} of {len(self.tasks)} tasks are complete for all contenders."
        )


def coverage(
    losses: Mapping[str, Any],
    tasks: Sequence[str],
    *,
    failed: Mapping[str, Any] | None = None,
    spent: Mapping[str, Any] | None = None,
    budgets: Any = None,
) -> Coverage:
    """Count runs by what became of them.

    Args:
        losses: per contender, (runs, tasks), NaN where a planned run has none.
        tasks: names of the columns.
        failed: per contender, booleans of the same shape; contenders left out failed nowhere.
        spent: per contender, what each run spent, of the same shape, infinite for one that had nothing more to ask.
        budgets: per task, (tasks,), in the unit of `spent`; a run that spent less is short.
    Raises:
        StatisticsError: no contender, losses without names, shapes that differ, or spending without budgets.
    """
    mapping(losses, "losses")
    tasks = items(tasks, "tasks")
    if not losses or not tasks:
        raise StatisticsError(
            f"{len(losses)} contenders and {len(tasks)} tasks given; at least one of each is needed"
        )
    if (spent is None) != (budgets is None):
        raise StatisticsError("spent and budgets tell short runs together; give both or neither")
    least = np.zeros(len(tasks)) if budgets is None else floats(budgets, "budgets", (1,))
    if len(least) != len(tasks) or np.isnan(least).any():
        known = int((~np.isnan(least)).sum())
        raise StatisticsError(f"{known} budgets given for {len(tasks)} tasks; one for each task is needed")
    rows = []
    for name, values in losses.items():
        matrix = _matrix(values, name, len(tasks))
        bad = _beside(failed, name, matrix, 0.0) != 0
        amount = _beside(spent, name, matrix, np.inf)
        rows.append(_count(matrix, bad, amount < least - 1e-9))
    table = np.array(rows).transpose(1, 0, 2)  # (5, contenders, tasks)
    planned, finished, bad_runs, missing, short = (read_only(np.ascontiguousarray(part)) for part in table)
    return Coverage(
        contenders=tuple(losses),
        tasks=tasks,
        planned=planned,
        finished=finished,
        failed=bad_runs,
        missing=missing,
        short=short,
    )


def _count(matrix: Floats, failed: Bools, short: Bools) -> Ints:
    """Return planned, finished, failed, missing and short runs per task, (5, tasks)."""
    absent = np.isnan(matrix)
    kinds = (np.ones_like(absent), ~absent & ~short, absent & failed, absent & ~failed, ~absent & short)
    return np.array([kind.sum(axis=0) for kind in kinds], dtype=np.int64)


def _matrix(values: Any, name: str, tasks: int) -> Floats:
    matrix = runs_by_tasks(values, f"losses of {name!r}")
    if matrix.shape[1] != tasks:
        raise StatisticsError(f"losses of {name!r} hold {matrix.shape[1]} tasks, but {tasks} are named")
    return matrix


def _beside(tables: Mapping[str, Any] | None, name: str, matrix: Floats, default: float) -> Floats:
    """Return a contender's table of the shape of its losses; the default where there is none."""
    if tables is None or name not in tables:
        return np.full(matrix.shape, default)
    table = floats(tables[name], f"what is given beside the losses of {name!r}", finite=False)
    table = table[:, None] if table.ndim == 1 else table
    same_shape(matrix, table, f"losses of {name!r} and what is given beside them")
    return table
