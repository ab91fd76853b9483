"""Budgets: what a run may spend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from nasbench_sparse.core.given import finite
from nasbench_sparse.errors import unknown

Unit = Literal["trials", "epochs", "evaluations", "seconds"]


@dataclass(frozen=True, slots=True)
class Budget:
    """An amount in one of four units.

    - `trials`: trials asked; a search step counts as one unit of fidelity, 1 / fidelity.max.
    - `epochs`: units of fidelity trained, credited units left out; a trial starts while less is spent, so the
      last one may exceed the amount.
    - `evaluations`: full-evaluation equivalents, that is units of fidelity trained over fidelity.max.
    - `seconds`: the executor's clock (recorded training seconds, never wall time); no trial starts after it.

    Raises:
        UnknownName: another unit.
        NbsError: an amount that is no number, or not above 0.
    """

    unit: Unit
    amount: float

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit):
            raise unknown("unit of a budget", self.unit, get_args(Unit))
        object.__setattr__(self, "amount", finite(f"a budget in {self.unit}", self.amount, above=0))
