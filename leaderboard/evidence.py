"""Evidence: final losses arranged for statistics, one row per run or per task."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nasbench_sparse.leaderboard.ranking import comparable
from nasbench_sparse.leaderboard.results import Results
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.statistics.pairing import PairedRuns, RunKey, pair_runs
from nasbench_sparse.leaderboard.statistics.stratified import Strata
from nasbench_sparse.leaderboard.statistics.units import Unit


def exact_mean(column: Sequence[float] | Floats) -> float:
    """Return the mean of (n,), to the last bit whatever the order is; NaN of none."""
    return math.fsum(column) / len(column) if len(column) else math.nan


@dataclass(frozen=True, slots=True)
class Evidence:
    """Final losses of every contender on every task.

    Args:
        names: what contenders are called, sorted.
        paired: per task, a column for each contender, paired by seed and replicate; NaN where a run is missing,
            has failed or has not spent the budget.
        families: the family of each task.
        keys: per task, the (seed, replicate) of which each contender has a run, failed ones included.
    """

    names: tuple[str, ...]
    paired: Mapping[str, PairedRuns]
    families: Mapping[str, str]
    keys: Mapping[str, Mapping[str, frozenset[RunKey]]]

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, sorted."""
        return tuple(self.paired)

    @property
    def unit(self) -> Unit:
        """The unit of analysis: the task, or the run where there is one task only."""
        return "tasks" if len(self.paired) > 1 else "runs"

    def columns(self, names: Sequence[str] | None = None) -> dict[str, Floats]:
        """Return each contender's losses per unit: means over its runs of each task, NaN where any is missing."""
        wanted = self.names if names is None else names
        if self.unit == "runs":
            return {name: column for paired in self.paired.values() for name, column in _named(paired, wanted)}
        return {
            name: np.array([comparable(exact_mean(paired.columns[name])) for paired in self.paired.values()])
            for name in wanted
        }

    def between(self, names: Sequence[str]) -> Evidence:
        """Return what these contenders' common seeds and replicates of each task show."""
        common = {task: frozenset.intersection(*(keys[name] for name in names)) for task, keys in self.keys.items()}
        return Evidence(
            self.names,
            {task: runs.among(common[task]) for task, runs in self.paired.items()},
            self.families,
            {task: dict.fromkeys(self.names, shared) for task, shared in common.items()},
        )

    def common(self, task: str, first: str, second: str) -> tuple[Floats, Floats] | None:
        """Return two contenders' losses of their common seeds of a task; None without one, or with a hole."""
        shared = self.keys[task][first] & self.keys[task][second]
        columns = self.paired[task].among(shared).columns
        one, two = columns[first], columns[second]
        return (one, two) if shared and not np.isnan(one + two).any() else None

    @property
    def blocks(self) -> list[str] | None:
        """The family of each task, None where the unit is the run."""
        return [self.families[task] for task in self.tasks] if self.unit == "tasks" else None

    def complete(self, name: str, task: str) -> bool:
        """Tell whether a contender has a loss of every seed of a task that is here; see `between`."""
        column = self.paired[task].columns[name]
        return len(column) > 0 and not bool(np.isnan(column).any())

    def strata(self, name: str, tasks: Sequence[str]) -> Strata:
        """Return the losses of a contender's own runs on tasks, NaN where one failed or is short."""
        own = {task: self.paired[task].among(self.keys[task][name]) for task in tasks}
        return Strata(tuple(runs.columns[name] for runs in own.values()))


def _named(paired: PairedRuns, names: Sequence[str]) -> list[tuple[str, Floats]]:
    return [(name, paired.columns[name]) for name in names]


def gather(results: Results) -> Evidence:
    """Arrange results; a run without a result at the maximal fidelity has the objective's worst loss."""
    names = results.names
    losses: dict[str, dict[str, dict[RunKey, float]]] = {
        task: {name: {} for name in names.values()} for task in results.tasks
    }
    for run in results.runs:
        loss = results.loss(run)
        losses[run.task][names[run.contender]][run.seed, run.replicate] = math.nan if loss is None else loss
    paired = {task: pair_runs(held) for task, held in losses.items()}
    keys = {task: {name: frozenset(own) for name, own in held.items()} for task, held in losses.items()}
    return Evidence(tuple(names.values()), paired, results.families, keys)
