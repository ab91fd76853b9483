"""Designs: studies in which nothing is searched; every cell is trained, and levels of a factor are compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from nasbench_sparse.core.config import Value
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import TaskError, unknown

At = Literal["end", "mean"] | int
Alternative = Literal["less", "greater", "two-sided"]
Contrast = tuple[Value, Value]


@dataclass(frozen=True, kw_only=True)
class Design:
    """A declared comparison over all configs of a task whose space is finite; each config is a cell.

    A pair is two cells that share every field but the factor's, on one replicate. They have the same
    initialisation, data order and random masks wherever their networks agree (common random numbers).

    Args:
        task: its space names the factors by its fields, such as a `Factorial`.
        factor: the field whose levels are compared.
        contrasts: (first, second) levels; each is one test, or one for each combination of `by`.
        by: fields whose levels split the pairs into tests of their own; the other fields and the replicates make up
            the pairs of one test. All tests of a design are one family, corrected together.
        metric: a column of learning curves, or the name of a measure.
        at: the "end" of the training, the "mean" over all points that hold the metric (for a measure taken at the
            eleven points of the thesis, the mean over those), or after so many units of fidelity.
        alternative: whether the first level's values are expected to be "less" or "greater" than the second's.
        replicates: trainings of each cell, numbered from 0.
        level: of the family of tests.
    Raises:
        TaskError: an infinite space, replicates or a fidelity that the task has not, or no contrast.
        UnknownName: no such field, or no such level of the factor.
    """

    name: str
    task: Task
    factor: str
    contrasts: tuple[Contrast, ...]
    by: tuple[str, ...] = ()
    metric: str = "val_loss"
    at: At = "end"
    alternative: Alternative = "two-sided"
    replicates: int = 3
    level: float = 0.05
    description: str = ""

    def __post_init__(self) -> None:
        if self.task.space.size is None:
            raise TaskError(
                f"design {self.name!r}: the space of task {self.task.name!r} has infinitely many configs"
            )
        if not 1 <= self.replicates <= self.task.replicates:
            raise TaskError(
                f"design {self.name!r}: task {self.task.name!r} has 1 to {self.task.replicates} replicates, "
                f"not {self.replicates}"
            )
        if isinstance(self.at, int) and not 1 <= self.at <= self.task.fidelity.max:
            raise TaskError(
                f"design {self.name!r} compares after 1 to {self.task.fidelity.max} units, not {self.at}"
            )
        for name in (self.factor, *self.by):
            if name not in self.task.space.fields:
                raise unknown(f"factor of design {self.name!r}", name, self.task.space.fields)
        if not self.contrasts or self.factor in self.by:
            raise TaskError(
                f"design {self.name!r} needs contrasts of {self.factor!r}, which it is not also split by"
            )
        levels = {cell[self.factor] for cell in self.cells if self.factor in cell}
        for level in (level for contrast in self.contrasts for level in contrast):
            if level not in levels:
                raise unknown(f"level of factor {self.factor!r}", str(level), map(str, levels))

    @cached_property
    def cells(self) -> tuple[dict[str, Value], ...]:
        """All configs, in the order in which they are trained."""
        return tuple(self.task.space.grid(1))
