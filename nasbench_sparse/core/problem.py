"""What an optimizer is shown of a task."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.space import Relaxation, SearchSpace


@dataclass(frozen=True, slots=True)
class Problem:
    """Space, objective, fidelity and relaxation of a task; no way to evaluate, no test data.

    `relaxation` is None where the task cannot carry out search steps, whatever its space allows.
    """

    space: SearchSpace
    objective: Objective
    fidelity: Fidelity
    relaxation: Relaxation | None = None
