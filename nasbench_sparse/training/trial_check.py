"""Refuses, before anything is run, a task none of whose configs could be trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench_sparse.core.blueprint import Blueprint, Recipe, Train
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
            does nothing in any of them. In a derived task a search chose the optimizer, and left the rest.
    """
    drawn = drawn_blueprints(task)
    if task.derived_from is None:
        _check_momenta(task.blueprint, drawn)
    faults: list[NbsError] = []
    for blueprint in drawn:
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


def _check_momenta(declared: Blueprint, drawn: Sequence[Blueprint]) -> None:
    """Check each declared recipe, unless a config gives its training an optimizer that heeds the momentum."""
    heeded = {place for blueprint in drawn for place, recipe in _recipes(blueprint) if recipe.optimizer == "sgd"}
    for place, recipe in _recipes(declared):
        if place not in heeded:
            check_momentum(recipe)


def _recipes(blueprint: Blueprint) -> list[tuple[int, Recipe]]:
    """Return the recipes of trainings, each with its phase's place."""
    phases = enumerate(in_order(blueprint.phases))
    return [(place, phase.recipe) for place, phase in phases if isinstance(phase, Train)]
