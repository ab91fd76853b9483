"""Probability of improvement: how often a run of one contender beats a run of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.bootstrap import Interval, tail_quantiles
from nasbench_sparse.leaderboard.statistics.check import (
    Floats,
    Ints,
    StatisticsError,
    counted,
    fraction,
    generator,
    read_only,
    resample_count,
)
from nasbench_sparse.leaderboard.statistics.stratified import (
    INTERVAL,
    complete_tasks,
    sizes_text,
    strata,
    too_few_to_resample,
    widening,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Improvement:
    """Chance that the first contender's loss is lower than the second's, ties counted half.

    Args:
        probability: mean over tasks; per_task: (tasks,) in the order given, NaN for tasks left out.
        interval: stratified bootstrap over the runs of both; None where there are too few runs or no resample
            differs, and then `no_interval` says why.
        first_sizes, second_sizes: runs of either, of each task that counts.
        ties: pairs of runs that tie, over all tasks.
    """

    probability: float
    per_task: Floats
    interval: Interval | None
    first_sizes: tuple[int, ...]
    second_sizes: tuple[int, ...]
    dropped: tuple[int, ...]
    ties: int

    @property
    def tasks(self) -> int:
        """Number of tasks that count."""
        return len(self.first_sizes)

    @property
    def all_tie(self) -> bool:
        """Whether every run of the first has the same loss as every run of the second, task by task."""
        return self.ties == sum(a * b for a, b in zip(self.first_sizes, self.second_sizes, strict=True))

    @property
    def no_interval(self) -> str | None:
        """Why there is no interval; None where there is one."""
        if self.interval is not None:
            return None
        if self.all_tie:
            return "all runs tie"
        sizes = (*self.first_sizes, *self.second_sizes)
        if min(sizes) == 1:
            return (
                "one run per task"
                if 1 in (max(self.first_sizes), max(self.second_sizes))
                else "one run of some task"
            )
        return "too few runs" if too_few_to_resample(sizes) else "no two runs overlap"

    @property
    def sentence(self) -> str:
        """Say the probability, its interval, n, ties and holes."""
        interval = f"(no interval: {self.no_interval})" if self.interval is None else self.interval.sentence
        holes = f", {counted(len(self.dropped), 'task')} with holes left out" if self.dropped else ""
        return (
            f"probability of improvement {self.probability:.3g} {interval}; n = {sizes_text(self.first_sizes)} and "
            f"{sizes_text(self.second_sizes)}{holes}; {counted(self.ties, 'tied pair')} counted half."
        )


def probability_of_improvement(
    first: Any, second: Any, rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Improvement:
    """Compare every run of the first with every run of the second, task by task; each task weighs the same.

    Args:
        first, second: losses, (runs, tasks), NaN where a run is missing, or `Strata` where tasks have different
            numbers of runs; runs need not be paired nor equal in number.
    Raises:
        StatisticsError: different numbers of tasks, or no complete task.
    References:
        Agarwal et al. (2021), section 4.3; Mann and Whitney (1947).
    """
    fraction(level, "level")
    resample_count(resamples)
    generator(rng)
    one, two = strata(first, "first"), strata(second, "second")
    if len(one.tasks) != len(two.tasks):
        raise StatisticsError(
            f"first has {len(one.tasks)} tasks and second {len(two.tasks)}; they must be the same tasks"
        )
    complete = complete_tasks(one, two)
    one, two = one.among(complete), two.among(complete)
    places = [_places(a, b) for a, b in zip(one.tasks, two.tasks, strict=True)]
    pairs = [len(a) * len(b) for a, b in zip(one.tasks, two.tasks, strict=True)]
    counts = [(np.bincount(a, minlength=size), np.bincount(b, minlength=size)) for a, b, size in places]
    tied = [int(a @ b) for a, b in counts]
    chances = [float(_wins(a, b)) / count for (a, b), count in zip(counts, pairs, strict=True)]
    per_task = np.full(len(complete), np.nan)
    per_task[complete] = chances
    interval = None
    sizes = (*one.sizes, *two.sizes)
    varies = any(chance not in (0, 1) and ties < n for chance, ties, n in zip(chances, tied, pairs, strict=True))
    if not too_few_to_resample(sizes) and varies:
        low, high = tail_quantiles(_resampled(places, resamples, rng), level, widening(sizes, level))
        interval = Interval(float(low), float(high), level, f"{INTERVAL}, {resamples} resamples")
    return Improvement(
        probability=float(np.mean(chances)),
        per_task=read_only(per_task),
        interval=interval,
        first_sizes=one.sizes,
        second_sizes=two.sizes,
        dropped=tuple(int(i) for i in np.flatnonzero(~complete)),
        ties=sum(tied),
    )


def _places(one: Floats, two: Floats) -> tuple[Ints, Ints, int]:
    """Return the place of each run's loss among the different losses of both, from 0, and how many there are."""
    losses, places = np.unique(np.concatenate([one, two]), return_inverse=True)
    return places[: len(one)], places[len(one) :], len(losses)


def _wins(one: Ints, two: Ints) -> Floats:
    """Return in how many pairs of runs the first is lower, ties counted half, from counts at each place.

    (..., places) -> (...).
    """
    doubled = 2 * two.sum(axis=-1, keepdims=True) - 2 * np.cumsum(two, axis=-1) + two
    wins: Floats = np.einsum("...p,...p->...", one, doubled) / 2
    return wins


def _resampled(places: Sequence[tuple[Ints, Ints, int]], resamples: int, rng: np.random.Generator) -> Floats:
    """Return the mean over tasks of each resample's chance, (resamples,)."""
    total = np.zeros(resamples)
    for first, second, size in places:
        one, two = (_counts(resamples, held, size, rng) for held in (first, second))
        total += _wins(one, two) / (len(first) * len(second))
    return total / len(places)


def _counts(rows: int, places: Ints, size: int, rng: np.random.Generator) -> Ints:
    """Draw runs with replacement and count them at each place, (rows, size)."""
    drawn = places[rng.integers(len(places), size=(rows, len(places)))]
    drawn += np.arange(rows)[:, None] * size
    return np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)
