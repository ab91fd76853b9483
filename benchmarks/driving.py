"""One run by its parts: optimizer, loop, driver, executor and store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.table_task import SPACE, plan
from nasbench_sparse.core.executor import Executor
from nasbench_sparse.core.trial import Evaluation
from nasbench_sparse.executors.serial import SerialExecutor
from nasbench_sparse.runner.drive import Driver
from nasbench_sparse.runner.loop import RunLoop
from nasbench_sparse.runner.plan import PlannedRun
from nasbench_sparse.runner.results import KnownResults
from nasbench_sparse.store import Store
from nasbench_sparse.store.journal import Durability


def drive(
    planned: PlannedRun,
    executor: Executor,
    store: Path,
    durable: Durability,
    known: Mapping[tuple[str, int], Evaluation] | None = None,
) -> int:
    """Carry out a run and return how many outcomes were told; the journal is durable when this returns."""
    optimizer = planned.entry.cls(planned.task.problem, seed=planned.spec.seed, **planned.spec.options)
    with Store(store).begin(planned.spec, planned.task.declaration, provenance={}, durable=durable) as log:
        loop = RunLoop(
            planned.spec, planned.task, optimizer, planned.budget, log, KnownResults({} if known is None else known)
        )
        Driver(executor).drive(iter([loop]))
    return loop.told_count


def fill(path: Path) -> Path:
    """Make a store that holds the result of every config, and return its path."""
    drive(plan("grid", SPACE.size, executor="serial"), SerialExecutor(), path, "batch")
    Store(path).merge()
    return path
