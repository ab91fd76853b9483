"""Refuses, before anything is run, a task none of whose configs could be trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_sparse.core.blueprint import Train
from nasbench_sparse.core.phases import in_order
from nasbench_sparse.errors import NbsError
from nasbench_sparse.training.optimizers import check_momentum
from nasbench_sparse.training.site_check import drawn_blueprints
from nasbench_sparse.training.stacked.limits import check_stackable
from nasbench_sparse.training.validation import validate

if TYPE_CHECKING:
    from nasbench_sparse.training.task import TrainingTask


def check_trials(task: TrainingTask) -> None:
    """Check that one of the configs drawn from the space can be trained; a space may hold some that cannot.

    Raises:
        UnknownName, TaskError: what the first of them was refused for, see `validate`; or a declared momentum that
            does nothing. In a derived task a search chose the optimizer, and left the rest.
    """
    for phase in in_order(task.blueprint.phases):
        if isinstance(phase, Train) and task.derived_from is None:
            check_momentum(phase.recipe)
    faults: list[NbsError] = []
    for blueprint in drawn_blueprints(task):
        try:
            if task.numerics != "single":
                check_stackable(blueprint, task.numerics)
            validate(blueprint, task.dataset, task.folds, task.fidelity.min)
        except NbsError as fault:
            faults.append(fault)
        else:
            return
    first = faults[0]
    raise type(first)(f"none of {len(faults)} configs of task {task.name!r} can be trained; of the first: {first}")
