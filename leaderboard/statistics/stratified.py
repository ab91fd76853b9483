"""Stratified bootstrap: runs resampled within each task, tasks kept; tasks may have different numbers of runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.bootstrap import student_factor, tail_quantiles
from nasbench_sparse.leaderboard.statistics.check import (
    Bools,
    Floats,
    StatisticsError,
    counted,
    floats,
    fraction,
    generator,
    resample_count,
    runs_by_tasks,
)

INTERVAL = "stratified percentile bootstrap"
LEAST_DEGREES = 8  # of freedom, from which a percentile bootstrap comes near its level
_CHUNK = 2_000_000  # scores held at a time


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """Values of each task's own runs, where tasks have different numbers of them.

    Args:
        tasks: per task, (its runs,); a NaN is a run that is missing, which leaves its task out.
    """

    tasks: tuple[Floats, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of runs of each task."""
        return tuple(len(column) for column in self.tasks)

    @property
    def matrix(self) -> Floats:
        """The values, (most runs, tasks), with NaN below the runs of a task that has fewer."""
        table = np.full((max(self.sizes), len(self.tasks)), np.nan)
        for place, column in enumerate(self.tasks):
            table[: len(column), place] = column
        return table

    def among(self, kept: Bools) -> Strata:
        """Return some of the tasks, chosen by a mask (tasks,)."""
        return Strata(tuple(column for column, keep in zip(self.tasks, kept, strict=True) if keep))


def strata(values: Any, name: str) -> Strata:
    """Take strata as they are, and the columns of a runs x tasks matrix as strata of one size.

    Raises:
        StatisticsError: not numbers, or none.
    """
    if isinstance(values, Strata):
        if not values.tasks:
            raise StatisticsError(f"{name} is empty; at least one value is needed")
        return Strata(tuple(floats(column, name, (1,)) for column in values.tasks))
    return Strata(tuple(runs_by_tasks(values, name).T))


def complete_tasks(*given: Strata) -> Bools:
    """Tell which tasks have every run of everything given, (tasks,).

    Raises:
        StatisticsError: none is complete.
    """
    complete = ~np.logical_or.reduce([[bool(np.isnan(column).any()) for column in one.tasks] for one in given])
    if not complete.any():
        raise StatisticsError(
            f"none of {len(complete)} tasks has all of its runs; fill the holes or leave runs out"
        )
    return np.asarray(complete)


def sizes_text(sizes: Sequence[int]) -> str:
    """Say how many runs of how many tasks there are."""
    least, most = min(sizes), max(sizes)
    runs = counted(least, "run") if least == most else f"{least} to {most} runs"
    return f"{runs} of each of {counted(len(sizes), 'task')}"


def run_weights(table: Floats) -> Floats:
    """Return whole-number weights of runs by which each task weighs the same, (runs, tasks); 0 where there is none.

    They say how often each run stands where all tasks' runs are repeated until tasks have equally many.

    Args:
        table: (runs, tasks), NaN below the runs of a task that has fewer.
    """
    present = ~np.isnan(table)
    sizes = [int(size) for size in present.sum(axis=0)]
    multiple = math.lcm(*sizes)
    weights: Floats = present * np.array([float(multiple // size) for size in sizes])
    return weights


def degrees_of(sizes: Iterable[int]) -> float:
    """Return the degrees of freedom of the variance of a mean of strata's means, were their variances equal.

    References:
        Satterthwaite (1946), "An approximate distribution of estimates of variance components".
    """
    sizes = list(sizes)
    return sum(1 / n for n in sizes) ** 2 / sum(1 / (n * n * (n - 1)) for n in sizes)


def too_few_to_resample(sizes: Iterable[int]) -> bool:
    """Tell whether strata of such sizes are too few for a stratified bootstrap of what rests on all of them."""
    sizes = list(sizes)
    return min(sizes) < 3 or degrees_of(sizes) < LEAST_DEGREES - 1e-9


def middle_half(sizes: Sequence[int]) -> tuple[int, ...]:
    """Return the sizes of the strata that an interquartile mean may rest on alone: half of them, but two if it can.

    Where tasks' levels lie far apart, the middle half of all runs is that of the tasks in the middle. Which those
    are is not known beforehand, so they are taken to have the fewest runs.
    """
    return tuple(sorted(sizes)[: max(min(len(sizes), 2), math.ceil(len(sizes) / 2))])


def why_too_few(sizes: Sequence[int]) -> str:
    """Say what is too few where `too_few_to_resample` of such sizes, or of some of them."""
    if min(sizes) > 1:
        return "too few runs"
    return "one run per task" if max(sizes) == 1 else "one run of some task"


def widening(sizes: Iterable[int], level: float) -> float:
    """Return by how much the normal quantile is to be widened that picks the percentiles.

    Resampling n runs understates their variance by (n - 1) / n, and there are few differences to estimate it from,
    for which Student's quantile takes the place of the normal one.
    """
    sizes = list(sizes)
    understated = sum((n - 1) / (n * n) for n in sizes) / sum(1 / n for n in sizes)
    return student_factor(degrees_of(sizes), level) / math.sqrt(understated)


def resampled_runs(scores: Strata, resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield stacks (some resamples, most runs, tasks) with each task's runs drawn with replacement.

    A task with fewer runs has NaN below them.

    References:
        Agarwal et al. (2021), "Deep reinforcement learning at the edge of the statistical precipice", section 4.1.
    """
    table, sizes = scores.matrix, np.array(scores.sizes)
    beyond = np.arange(len(table))[:, None] >= sizes
    step = max(1, _CHUNK // table.size)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = (rng.random((rows, *table.shape)) * sizes).astype(np.int64)
        stack = np.take_along_axis(table[None], drawn, axis=1)
        stack[:, beyond] = np.nan
        yield stack


def stratified_bootstrap(
    statistic: Callable[[Floats], Floats],
    scores: Strata,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    sizes: Sequence[int] | None = None,
) -> tuple[Floats, Floats] | None:
    """Return the percentile ends of a statistic, widened; None where a task has a single run (nothing to resample).

    Args:
        statistic: maps (m, runs, tasks), NaN below the runs of a task that has fewer, to (m,) or (m, points).
        scores: without a missing run.
        sizes: runs of the tasks that the statistic may rest on alone; None for all.
    """
    fraction(level, "level")
    resample_count(resamples)
    generator(rng)
    if min(scores.sizes) < 2:
        return None
    values = np.concatenate([statistic(stack) for stack in resampled_runs(scores, resamples, rng)])
    return tail_quantiles(values, level, widening(sizes or scores.sizes, level))
