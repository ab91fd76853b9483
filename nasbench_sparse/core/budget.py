"""Budgets: what a run may spend."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from nasbench_sparse.errors import NbsError


@dataclass(frozen=True, slots=True)
class Budget:
    """An amount in one of four units.

    - `trials`: trials asked; a search step counts as one unit of fidelity, 1 / fidelity.max.
    - `epochs`: units of fidelity trained, credited units left out; a trial starts while less is spent, so the
      last one may exceed the amount.
    - `evaluations`: full-evaluation equivalents, that is units of fidelity trained over fidelity.max.
    - `seconds`: the executor's clock (recorded training seconds, never wall time); no trial starts after it.
    """

    unit: Literal["trials", "epochs", "evaluations", "seconds"]
    amount: float

    def __post_init__(self) -> None:
        if not 0 < self.amount < math.inf:
            raise NbsError(f"a budget is a positive, finite number of {self.unit}, not {self.amount}")
