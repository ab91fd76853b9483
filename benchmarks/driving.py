"""One run by its parts: optimizer, loop, driver, executor and store."""

from __future__ import annotations

from pathlib import Path

from nasbench_sparse.core.executor import Executor
from nasbench_sparse.core.trial import Evaluation
from nasbench_sparse.runner.drive import Driver
from nasbench_sparse.runner.loop import RunLoop
from nasbench_sparse.runner.plan import PlannedRun
from nasbench_sparse.runner.results import KnownResults
from nasbench_sparse.store import Store
from nasbench_sparse.store.journal import Durability


def drive(
    plan: PlannedRun,
    executor: Executor,
    store: Path,
    durable: Durability,
    known: dict[tuple[str, int], Evaluation] | None = None,
) -> int:
    """Carry out a run and return how many outcomes were told; the journal is durable when this returns."""
    optimizer = plan.entry.cls(plan.task.problem, seed=plan.spec.seed, **plan.spec.options)
    with Store(store).begin(plan.spec, plan.task.declaration, provenance={}, durable=durable) as log:
        loop = RunLoop(plan.spec, plan.task, optimizer, plan.budget, log, KnownResults(known or {}))
        Driver(executor).drive(iter([loop]))
    return loop.told_count
