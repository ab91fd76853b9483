"""ASNI: the variants of table 2, and the comparisons of tables 3 and 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.papers.beside import Measured, Place, averaged
from nasbench_sparse.leaderboard.papers.evidence import Evidence, compared
from nasbench_sparse.leaderboard.papers.rendered import Rendered, table_of
from nasbench_sparse.leaderboard.papers.values import Value, grouped, values
from nasbench_sparse.runner.design import Design
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale
from nasbench_sparse.training.task import TrainingTask

if TYPE_CHECKING:
    from nasbench_sparse.store import Store


def combinations(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table 2: test accuracy of the four variants, and the sparsity that ASNI-I ends with."""
    cells: dict[Place, Measured] = {}
    for row, (plan,) in artefact.at(scale).groups.items():
        task = task_of(plan)
        for method, each in grouped(values(store, task, "test_accuracy"), _method).items():
            cells[row, method] = averaged(each, 100.0)
        density = grouped(values(store, task, "density"), _method)
        if "ASNI-I" in density:
            cells[row, "sparsity"] = averaged(100.0 * (1.0 - density["ASNI-I"]))
    return table_of(artefact, scale, "combination", cells, digits=2)


def first_task(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table 3: networks that are sparse at the end of one training."""
    return _compared(artefact, scale, store, ("gradual magnitude", "RigL", "ASNI-I"))


def second_task(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table 4: sparse networks that are trained again."""
    kept = ("iterative magnitude", "magnitude after training", "SNIP", "GraSP", "ASNI-II")
    return _compared(artefact, scale, store, kept)


def _compared(artefact: Artefact, scale: Scale, store: Store, methods: Sequence[str]) -> Rendered:
    (plan,) = artefact.at(scale).plans
    task = task_of(plan)
    accuracy = grouped(values(store, task, "test_accuracy"), _method)
    density = grouped(values(store, task, "density"), _method)
    cells: dict[Place, Measured] = {}
    for method in methods:
        if method in accuracy:
            cells[method, "nonzeros"] = Measured(
                float(density[method].mean()), text=f"{density[method].mean():.1%}"
            )
            cells[method, "top-1"] = averaged(accuracy[method], 100.0)
    notes = (
        "Nonzeros are measured as a share of all prunable weights.",
        "Soft threshold reparameterisation is no method of this package.",
    )
    return table_of(artefact, scale, "method", cells, digits=2, notes=notes)


def second_over_original(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test ASNI-II against the original initialisation, paired by combination and seed."""
    found: list[tuple[str, Value]] = []
    for row, (plan,) in artefact.at(scale).groups.items():
        found += [(row, one) for one in values(store, task_of(plan), "test_accuracy")]
    sides = []
    for method in ("ASNI-II", "original"):
        sides.append({(row, one.replicate): one.value for row, one in found if _method(one) == method})
    shared = [key for key in sides[0] if key in sides[1]]
    first, second = (np.array([side[key] for key in shared]) for side in sides)
    return compared(first, second, "ASNI-II {first:.3f}, original initialisation {second:.3f}")


def task_of(plan: object) -> TrainingTask:
    """Return the task of a comparison of trainings."""
    assert isinstance(plan, Design)
    assert isinstance(plan.task, TrainingTask)
    return plan.task


def _method(one: Value) -> str:
    return str(one.config["method"])
