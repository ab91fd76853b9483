"""Runs a design: the table of its task, all cells on its replicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_sparse.runner.design import Design
from nasbench_sparse.runner.resources import Resources
from nasbench_sparse.runner.study import Study, StudyReport, Unwatched, Watcher
from nasbench_sparse.tabular.build import plan_build
from nasbench_sparse.tabular.enumeration import Enumeration

if TYPE_CHECKING:
    from nasbench_sparse.store import Store


def run_design(
    design: Design,
    store: Store,
    *,
    executor: str = "serial",
    workers: int = 1,
    resources: Resources | None = None,
    watcher: Watcher | None = None,
) -> StudyReport:
    """Train the cells that the store lacks; a killed call is resumed by the same one.

    This is a table build of all configs, so whatever serves tables (shards, merging, export) serves designs.

    Raises:
        NbsError: it cannot be started.
    """
    plans = plan_build(
        design.task, Enumeration("all"), replicates=design.replicates, executor=executor, workers=workers
    )
    return Study(store, resources or Resources(slots=workers), watcher=watcher or Unwatched()).run(plans)
