"""Learning curves of a whole table, in one array of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench_sparse.core.curve import NO_METRICS, Curve, CurvePoint
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.trial import Evaluation, Status
from nasbench_sparse.errors import DamagedTable

FIELDS = CurvePoint._fields[1:-1]
"""The columns that every table has; further metrics come after them."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Curve points in any number of columns, sorted by config, replicate, fold and step.

    Args:
        config, replicate, fold, step: (points,) numbers, for which 32 bits are enough; `config` indexes the table's
            list of configs. A point of step 0 (of fold 0) stands for a training that diverged before the first; it
            has seconds alone.
        diverged: (points,) whether the training diverged there.
        values: (points, columns) the columns `names`.
        names: `FIELDS`, then further metrics.
        absent: (points, columns) where nothing was recorded; None where everything was.
    """

    config: Ints
    replicate: Ints
    fold: Ints
    step: Ints
    diverged: Bools
    values: Floats
    names: tuple[str, ...] = FIELDS
    absent: Bools | None = None

    def where(self, chosen: Bools | Ints) -> Points:
        """Return the points chosen by a mask, or by their numbers."""
        absent = None if self.absent is None else self.absent[chosen]
        config, replicate, fold, step = (c[chosen] for c in (self.config, self.replicate, self.fold, self.step))
        diverged, values = self.diverged[chosen], self.values[chosen]
        return Points(config, replicate, fold, step, diverged, values, self.names, absent)

    def joined(self, other: Points) -> Points:
        """Return the points of both, which have the same columns, sorted."""

        def join(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.concatenate([first, second])

        absent = None
        if self.absent is not None or other.absent is not None:
            absent = join(
                *(np.zeros(p.values.shape, bool) if p.absent is None else p.absent for p in (self, other))
            )
        points = Points(
            join(self.config, other.config),
            join(self.replicate, other.replicate),
            join(self.fold, other.fold),
            join(self.step, other.step),
            join(self.diverged, other.diverged),
            join(self.values, other.values),
            self.names,
            absent,
        )
        return points.where(np.lexsort((points.step, points.fold, points.replicate, points.config)))


class Curves:
    """Curves by config number, replicate and fold.

    A training is found in an array of (configs, replicates), its curves are rows of one block of numbers: 8 bytes
    a number, and no object of Python's for any of them before it is asked for.

    Args:
        configs, replicates: how many there are, recorded or not.
    Raises:
        DamagedTable: steps that do not count from 1.
    """

    def __init__(self, points: Points, configs: int, replicates: int) -> None:
        self.at_once = points.where(points.step == 0)
        points = _cut_where_diverged(points.where(points.step > 0) if len(self.at_once.step) else points)
        self.names, self.values, self.absent = points.names, points.values, points.absent
        starts = _changes(points.config, points.replicate, points.fold)
        self._ends = np.append(starts[1:], len(points.step))
        self._starts = starts
        if not np.array_equal(
            points.step, np.arange(len(points.step)) - np.repeat(starts, self._ends - starts) + 1
        ):
            raise DamagedTable("a table's curves must have steps 1, 2, 3, ...; export or fetch it again")
        config, replicate = points.config[starts], points.replicate[starts]
        first = _changes(config, replicate)
        self._first = np.append(first, len(starts))
        self.training_config, self.training_replicate = config[first], replicate[first]
        self.diverged = np.logical_or.reduceat(points.diverged[self._ends - 1], first) if len(first) else first > 0
        self.slots = np.full((configs, replicates), -1, dtype=np.int32)
        self.slots[self.training_config, self.training_replicate] = np.arange(len(first))
        without = self.slots[self.at_once.config, self.at_once.replicate] == -1
        self.at_once = self.at_once.where(without)
        self.slots[self.at_once.config, self.at_once.replicate] = -2 - np.arange(len(self.at_once.step))

    def __len__(self) -> int:
        return len(self._first) - 1 + len(self.at_once.step)

    @property
    def bytes(self) -> int:
        """Memory of the arrays."""
        arrays = (self.values, self._starts, self._ends, self._first, self.slots, self.training_config)
        return sum(a.nbytes for a in arrays) + (0 if self.absent is None else self.absent.nbytes)

    def find(self, config: int, replicate: int) -> int:
        """Return the number of a training: -1 if it is not recorded, less if it diverged before its first point."""
        if not 0 <= replicate < self.slots.shape[1]:
            return -1
        return int(self.slots[config, replicate])

    def folds(self, training: int) -> tuple[Curve, ...]:
        """Return a training's curves, none if it diverged before their first points."""
        if training < 0:
            return ()
        return tuple(self._curve(i) for i in range(self._first[training], self._first[training + 1]))

    def points(self, training: int, step: int) -> list[CurvePoint]:
        """Return the points of all folds at a step; folds that ended before are left out."""
        found: list[CurvePoint] = []
        if training < 0:
            return found
        for i in range(self._first[training], self._first[training + 1]):
            row = int(self._starts[i]) + step - 1
            if row < self._ends[i]:
                found.extend(self._rows(row, row + 1, step))
        return found

    def evaluation(self, training: int) -> Evaluation:
        """Return a training as the store would: its seconds are those of all folds."""
        if training < 0:
            seconds = float(self.at_once.values[-2 - training, FIELDS.index("seconds")])
            return Evaluation(Status.DIVERGED, (), seconds)
        curves = self.folds(training)
        status = Status.DIVERGED if self.diverged[training] else Status.OK
        return Evaluation(status, curves, sum(curve[-1].seconds for curve in curves))

    def losses(self, objective: Objective, step: int, folds: int) -> Floats:
        """Return the losses (configs, replicates) at a step, of the mean over folds.

        A training that diverged before has the worst loss, one that was not recorded so far has NaN.
        """
        values = self.means(objective.metric, step, folds)
        losses = 1.0 - values if objective.goal == "maximize" else values
        losses = np.where(np.isfinite(losses), np.minimum(losses, objective.worst), objective.worst)
        short = self.lengths(folds) < step
        losses[short] = np.where(self.diverged[short], objective.worst, np.nan)
        found = self._by_config(losses)
        found[self.at_once.config, self.at_once.replicate] = objective.worst
        return found

    def densities(self, step: int, folds: int) -> Floats:
        """Return the densities (configs, replicates) at a step; NaN where there is none."""
        return self._by_config(self.means("density", step, folds))

    def means(self, name: str, step: int, folds: int) -> Floats:
        """Return a column at a step, the mean over folds, of each training with curves; NaN for shorter ones."""
        column = self.names.index(name)
        total = np.zeros(len(self.diverged))
        reached = self.lengths(folds) >= step
        for fold in range(folds):
            rows = self._starts[self._first[:-1][reached] + fold] + step - 1
            total[reached] += self.values[rows, column]
        return np.where(reached, total / folds, np.nan)

    def lengths(self, folds: int) -> Ints:
        """Return for each training how many points all folds have."""
        if not len(self.diverged):
            return np.zeros(0, dtype=np.int64)
        shortest = np.minimum.reduceat(self._ends - self._starts, self._first[:-1])
        return np.where(np.diff(self._first) < folds, 0, shortest)

    def all_points(self) -> Points:
        """Return the points with their numbers, sorted as they were given."""
        lengths = self._ends - self._starts
        curve = np.repeat(np.arange(len(lengths)), lengths)
        training = np.repeat(np.arange(len(self.diverged)), np.diff(self._first))
        diverged = np.zeros(len(self.values), dtype=np.bool_)
        shortest = np.minimum.reduceat(lengths, self._first[:-1]) if len(self.diverged) else lengths
        ended = self.diverged[training] & (lengths == shortest[training])
        diverged[self._ends[ended] - 1] = True
        points = Points(
            self.training_config[training][curve],
            self.training_replicate[training][curve],
            (np.arange(len(lengths)) - self._first[training])[curve],
            np.arange(len(self.values)) - self._starts[curve] + 1,
            diverged,
            self.values,
            self.names,
            self.absent,
        )
        return points.joined(self.at_once) if len(self.at_once.step) else points

    def _by_config(self, values: Floats) -> Floats:
        found = np.full(self.slots.shape, np.nan)
        found[self.training_config, self.training_replicate] = values
        return found

    def _curve(self, curve: int) -> Curve:
        return tuple(self._rows(int(self._starts[curve]), int(self._ends[curve]), 1))

    def _rows(self, start: int, end: int, step: int) -> Iterator[CurvePoint]:
        """Return rows as points, the first one's step given; column by column, which is five times as fast."""
        columns: list[list[float | None]] = self.values[start:end].T.tolist()
        if self.absent is not None and self.absent[start:end].any():
            gone = self.absent[start:end].T.tolist()
            columns = [
                [None if g else v for v, g in zip(*pair, strict=True)] for pair in zip(columns, gone, strict=True)
            ]
        further = columns[len(FIELDS) :]
        metrics: Iterable[Mapping[str, float]] = self._metrics(further) if further else repeat(NO_METRICS)
        return map(CurvePoint._make, zip(count(step), *columns[: len(FIELDS)], metrics, strict=False))

    def _metrics(self, columns: list[list[float | None]]) -> Iterator[dict[str, float]]:
        names = self.names[len(FIELDS) :]
        for row in zip(*columns, strict=True):
            yield {name: value for name, value in zip(names, row, strict=True) if value is not None}


def _changes(*columns: Ints) -> Ints:
    """Return where a run of equal rows begins."""
    if not len(columns[0]):
        return np.zeros(0, dtype=np.int64)
    changed = np.ones(len(columns[0]), dtype=np.bool_)
    changed[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return np.flatnonzero(changed)


def _cut_where_diverged(points: Points) -> Points:
    """Drop what follows the point at which a fold diverged."""
    if not points.diverged.any():
        return points
    before: Ints = np.cumsum(points.diverged) - points.diverged
    starts = _changes(points.config, points.replicate, points.fold)
    lengths = np.diff(np.append(starts, len(before)))
    late = before > np.repeat(before[starts], lengths)
    return points.where(~late) if late.any() else points
