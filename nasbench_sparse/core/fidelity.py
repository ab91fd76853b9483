"""Fidelity: how much of the search-phase training is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nasbench_sparse.core.ranges import check_whole
from nasbench_sparse.errors import TaskError

Unit = Literal["epochs", "steps", "cycles"]


@dataclass(frozen=True, slots=True)
class Fidelity:
    """A range of training lengths, `min` to `max` inclusive, in whole `unit`s.

    A task whose schedule cannot be cut short declares min = max.
    """

    unit: Unit
    min: int
    max: int

    def __post_init__(self) -> None:
        for name in ("min", "max"):
            value = getattr(self, name)
            check_whole(f"fidelity.{name}", value)
            object.__setattr__(self, name, int(value))
        if self.min > self.max:
            raise TaskError(f"fidelity needs 1 <= min <= max, got min={self.min}, max={self.max}")

    def __contains__(self, value: int) -> bool:
        return self.min <= value <= self.max
