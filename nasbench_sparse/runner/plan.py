"""Plans: suites turned into runs, with every mistake found before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.declaration import digest
from nasbench_sparse.core.given import whole
from nasbench_sparse.core.optimizer import Optimizer, complete_options
from nasbench_sparse.core.record import Recording
from nasbench_sparse.core.run import RunSpec
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import NbsError, OptimizerError, UnsupportedSpace
from nasbench_sparse.registry import OptimizerEntry, load_optimizer, load_task
from nasbench_sparse.runner.suite import Suite

LOCAL_EXECUTORS = ("serial", "processes")


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run that can be started: its declaration, its task, its optimizer class and its budget."""

    spec: RunSpec
    task: Task
    entry: OptimizerEntry
    budget: Budget


def plan_run(
    task: Task,
    entry: OptimizerEntry,
    budget: Budget,
    *,
    seed: int,
    options: Mapping[str, Any] | None = None,
    replicate: int = 0,
    workers: int = 1,
    executor: str = "serial",
    study: str = "",
    conditions: Mapping[str, Any] | None = None,
) -> PlannedRun:
    """Check a run and name it.

    Args:
        conditions: those of the study that is to carry it out, if it is simulated (see `resources.conditions`);
            others have none.
    Raises:
        UnknownName: an option the optimizer does not take.
        UnsupportedSpace: the optimizer cannot serve the task.
        NbsError: a seed or a number of workers that is none, or a replicate the task does not have.
    """
    complete = complete_options(entry.cls, dict(options or {}))
    reason = entry.cls.supports(task.problem)
    if reason is not None:
        raise UnsupportedSpace(f"optimizer {entry.name!r} cannot serve task {task.name!r}: {reason}")
    seed, replicate = whole("a seed", seed), whole("a replicate", replicate)
    workers = whole("a run's number of workers", workers, least=1)
    if replicate >= task.replicates:
        raise NbsError(f"task {task.name!r} has replicates 0 to {task.replicates - 1}, not {replicate}")
    if executor == "serial" and workers > task.stack:
        fills = f" ({task.stack} fill a stack of task {task.name!r})" if task.stack > 1 else ""
        raise NbsError(
            f"the serial executor has one worker{fills}; use --executor processes, ray or simulated for more"
        )
    spec = RunSpec(
        task=task.name,
        fingerprint=task.fingerprint,
        optimizer=entry.name,
        source=entry.source,
        seed=seed,
        options=complete,
        replicate=replicate,
        workers=workers,
        executor=executor,
        study=study,
        conditions=dict(conditions or {}) if executor == "simulated" else {},
    )
    return PlannedRun(spec, task, entry, budget)


def plan_suite(suite: Suite, conditions: Mapping[str, Any] | None = None) -> list[PlannedRun]:
    """Turn a suite into runs, in order; for the conditions see `plan_run`.

    Raises:
        NbsError: any of its runs cannot be started (see `plan_run`).
    """
    return [
        plan_run(
            load_task(task),
            load_optimizer(contender.optimizer),
            block.budget,
            seed=seed,
            options=contender.options,
            replicate=block.replicate,
            workers=block.workers,
            executor=block.executor,
            study=suite.name,
            conditions=conditions,
        )
        for block, task, contender, seed in suite.entries()
    ]


def build_optimizer(plan: PlannedRun) -> Optimizer:
    """Build a run's optimizer.

    Raises:
        NbsError: an option out of its range, or a space its sampler cannot serve.
        OptimizerError: the class raised anything else.
    """
    try:
        return plan.entry.cls(plan.task.problem, seed=plan.spec.seed, **plan.spec.options)
    except NbsError:
        raise
    except (Exception, SystemExit) as error:
        raise OptimizerError(
            f"optimizer {plan.entry.name!r} raised {type(error).__name__} in __init__: {error}"
        ) from error


def check_optimizers(plans: Iterable[PlannedRun]) -> None:
    """Build each combination of task, optimizer and options once, so that a mistake shows before anything is run.

    Raises:
        NbsError: see `build_optimizer`.
    """
    checked = set()
    for plan in plans:
        combination = digest(
            [plan.spec.fingerprint, plan.spec.source, plan.spec.optimizer, dict(plan.spec.options)]
        )
        if combination not in checked:
            build_optimizer(plan)
            checked.add(combination)


def check_data(plans: Iterable[PlannedRun]) -> None:
    """Check that this machine has the data of all runs that train on it, before anything is run.

    Raises:
        DataError: see `Task.require_data`.
    """
    tasks = {plan.spec.fingerprint: plan.task for plan in plans if plan.spec.executor in LOCAL_EXECUTORS}
    for task in tasks.values():
        task.require_data()


def already_done(recording: Recording, budget: Budget) -> bool:
    """Whether a recorded run has spent at least this budget, or its optimizer had nothing more to ask."""
    if recording.status == "exhausted":
        return True
    unit = "clock" if budget.unit == "seconds" else budget.unit
    return recording.status == "finished" and recording.spent.get(unit, 0.0) >= budget.amount - 1e-9
