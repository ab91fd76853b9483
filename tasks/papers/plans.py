"""Plans: the trainings behind an artefact, and how they are carried out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.task import Task
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.chain_run import Watch, run_chain, unwatched
from nasbench_sparse.runner.design import Design
from nasbench_sparse.runner.resources import Resources
from nasbench_sparse.runner.study import Study, StudyReport
from nasbench_sparse.runner.suite import Suite

if TYPE_CHECKING:
    from nasbench_sparse.store import Store


@dataclass(frozen=True)
class Cells:
    """All configs of a task on its first `replicates` replicates, described rather than compared."""

    task: Task
    replicates: int = 3

    @property
    def name(self) -> str:
        return self.task.name


Plan = Cells | Design | Chain | Suite
"""A grid of trainings, a comparison over one, a method of several stages, or a set of searches."""


def carry_out(plan: Plan, store: Store, workers: int = 1, watch: Watch = unwatched) -> StudyReport:
    """Train what the store lacks of a plan; a killed call is resumed by the same one.

    Args:
        workers: trainings at a time, in processes of their own if more than one.
        watch: is told the name of each part before it begins, and returns what watches it.

    Raises:
        NbsError: the plan cannot be started, or its data are missing.
    """
    kind = "serial" if workers == 1 else "processes"
    resources = Resources(slots=workers)
    if isinstance(plan, Design):
        from nasbench_sparse.tabular.design import run_design

        shown = watch(plan.name)
        return run_design(plan, store, executor=kind, workers=workers, resources=resources, watcher=shown)
    if isinstance(plan, Chain):
        from nasbench_sparse.runner.chain_walk import Placement

        return run_chain(plan, store, placement=Placement(kind), resources=resources, watch=watch)
    study = Study(store, resources, watcher=watch(plan.name))
    if isinstance(plan, Suite):
        from nasbench_sparse.runner.plan import plan_suite

        blocks = tuple(replace(block, executor=kind) for block in plan.blocks)
        return study.run(plan_suite(replace(plan, blocks=blocks)))
    from nasbench_sparse.tabular.build import plan_build
    from nasbench_sparse.tabular.enumeration import Enumeration

    return study.run(
        plan_build(plan.task, Enumeration("all"), replicates=plan.replicates, executor=kind, workers=workers)
    )


def evaluations(plan: Plan) -> Iterator[tuple[Task, float]]:
    """Yield the tasks with how many full evaluations of each the plan costs at most, confirmations included."""
    if isinstance(plan, Cells | Design):
        yield plan.task, float((plan.task.space.size or 0) * plan.replicates)
    elif isinstance(plan, Chain):
        for search in plan.searches:
            spent = sum(_full(stage.budget, search.task) for stage in search.stages)
            yield search.task, len(plan.seeds) * spent
        if plan.confirm is not None:
            finals = len(plan.seeds) * len(plan.searches) + len(plan.baselines) - len(plan.searches) + 1
            yield plan.task, float(finals * len(plan.confirm.replicates))
    else:
        from nasbench_sparse.registry import load_task

        for block, name, _, _ in plan.entries():
            yield load_task(name), _full(block.budget, load_task(name))


def _full(budget: Budget, task: Task) -> float:
    """Return a budget in full evaluations; a trial may cost one, so budgets in trials are upper bounds."""
    if budget.unit == "seconds":
        return budget.amount / task.seconds if task.seconds else 0.0
    return budget.amount / task.fidelity.max if budget.unit == "epochs" else budget.amount


def tasks_of(plan: Plan) -> list[Task]:
    """Return the tasks that a plan declares."""
    return list({task.fingerprint: task for task, _ in evaluations(plan)}.values())
