"""The Python interface: tasks by name, one run, its result."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import Config
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import NbsError
from nasbench_sparse.registry import all_tasks, load_optimizer, load_suite, load_task, wrap_optimizer
from nasbench_sparse.runner.plan import plan_run, plan_suite
from nasbench_sparse.runner.resources import Resources, conditions
from nasbench_sparse.runner.study import Study, StudyReport
from nasbench_sparse.runner.suite import Suite
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.results import OnMissing, TabularResults

if TYPE_CHECKING:
    import polars

    from nasbench_sparse.runner.study import Watcher


def get_task(name: str) -> Task:
    """Return a task by registered name, `module:object` or `file.py:object`.

    Raises:
        UnknownName: no such task; the nearest names are given.
    """
    return load_task(name)


def list_tasks() -> list[str]:
    """Return the names of all registered tasks."""
    return list(all_tasks())


@dataclass(frozen=True)
class Result:
    """A finished run: its incumbent, and its trials as recorded.

    `config` and `loss` are those of the lowest loss at the largest fidelity reached; None without a finished
    trial. `trials` is read from the store when asked for.
    """

    run_id: str
    task: str
    optimizer: str
    seed: int
    config: Config | None
    loss: float | None
    status: str
    store: Path | None
    _frame: Any = field(default=None, repr=False)

    @property
    def trials(self) -> polars.DataFrame:
        """One row for each trial, in the order asked; `config` is JSON text."""
        if self._frame is not None:
            return self._frame  # type: ignore[no-any-return]
        assert self.store is not None
        return _trials(Store(self.store, create=False), self.run_id)


def run(
    task: Task | str,
    optimizer: type[Optimizer] | str,
    *,
    seed: int = 0,
    trials: float | None = None,
    epochs: float | None = None,
    evaluations: float | None = None,
    seconds: float | None = None,
    store: str | Path | Store | None = None,
    options: Mapping[str, Any] | None = None,
    replicate: int = 0,
    workers: int = 1,
    executor: str = "serial",
    resources: Resources | None = None,
    watcher: Watcher | None = None,
    on_missing: OnMissing | None = None,
) -> Result:
    """Run one optimizer on one task, or resume, extend or reuse the same run in the store.

    Args:
        task: a declared task or its name.
        optimizer: a class with `ask` and `tell`, or a registered name.
        trials, epochs, evaluations, seconds: the budget, in one of its units (see `Budget`); 20 trials by default.
        store: where everything is recorded; without one the run leaves nothing behind.
        resources: see `Resources`; its time limit and its faults are part of a simulated run's identity.
        on_missing: what a simulated run does with a trial that is not recorded: "error" or "train" it; None means
            "error" where the task has a table, or its surrogate's answer. Part of the run's identity too.
    Raises:
        NbsError: the run cannot be started, or its optimizer failed.
    """
    declared = load_task(task) if isinstance(task, str) else task
    entry = load_optimizer(optimizer) if isinstance(optimizer, str) else wrap_optimizer(optimizer)
    recorded = TabularResults(on_missing)
    plan = plan_run(
        declared,
        entry,
        _budget(trials=trials, epochs=epochs, evaluations=evaluations, seconds=seconds),
        seed=seed,
        options=options,
        replicate=replicate,
        workers=workers,
        executor=executor,
        conditions=conditions(resources, recorded),
    )
    with tempfile.TemporaryDirectory() as scratch:
        kept = (
            store
            if isinstance(store, Store)
            else Store(store if store is not None else Path(scratch, "run.duckdb"))
        )
        report = Study(kept, resources, watcher=watcher, recorded=recorded).run([plan])
        if report.failed:
            raise NbsError(next(iter(report.failed.values())))
        frame = _trials(kept, plan.spec.run_id)
    best = _incumbent(frame, declared)
    return Result(
        run_id=plan.spec.run_id,
        task=declared.name,
        optimizer=entry.name,
        seed=plan.spec.seed,
        config=best[0],
        loss=best[1],
        status="reused" if report.reused else "finished",
        store=kept.path if store is not None else None,
        _frame=frame,
    )


def run_suite(
    suite: Suite | str,
    *,
    store: str | Path | Store = "results.duckdb",
    resources: Resources | None = None,
    watcher: Watcher | None = None,
) -> StudyReport:
    """Run a suite, or what of it the store lacks.

    Args:
        suite: a declared suite, or its name.
    Returns:
        Which runs were reused, finished and failed.
    Raises:
        NbsError: a run cannot be started.
    """
    plans = plan_suite(load_suite(suite) if isinstance(suite, str) else suite, conditions(resources))
    kept = store if isinstance(store, Store) else Store(store)
    return Study(kept, resources, watcher=watcher, recorded=TabularResults()).run(plans)


def _budget(**amounts: float | None) -> Budget:
    given = [(unit, amount) for unit, amount in amounts.items() if amount is not None]
    if len(given) > 1:
        raise NbsError(f"give one budget, not {' and '.join(unit for unit, _ in given)}")
    unit, amount = given[0] if given else ("trials", 20)
    return Budget(unit, amount)  # type: ignore[arg-type]


TRIALS = """
SELECT t.number, t.kind, t.config_key, c.config, t.fidelity, t.replicate, t.parent, t.status, t.loss,
       t.incumbent_loss, t.seconds, t.asked_at, t.told_at, t.worker, t.reused, t.error
FROM trials t JOIN runs r USING (run_id)
LEFT JOIN configs c ON c.fingerprint = r.fingerprint AND c.config_key = t.config_key
WHERE t.run_id = ? ORDER BY t.number
"""


def _trials(store: Store, run_id: str) -> polars.DataFrame:
    return store.sql(TRIALS, (run_id,))


def _incumbent(frame: polars.DataFrame, task: Task) -> tuple[Config | None, float | None]:
    import json

    import polars

    finished = frame.filter((polars.col("status") == "OK") & (polars.col("kind") == "trial"))
    if finished.is_empty():
        return None, None
    top = finished.filter(polars.col("fidelity") == finished["fidelity"].max())
    best = top.sort("loss", "number").row(0, named=True)
    return json.loads(best["config"]), best["loss"]
