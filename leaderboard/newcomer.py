"""Newcomers: their runs on a suite, those of its contenders, and a stop where a newcomer only fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nasbench_sparse.core.record import Recording, Told
from nasbench_sparse.errors import NbsError, OptimizerError, UnsupportedSpace, unknown
from nasbench_sparse.leaderboard.runs import Contender, labels
from nasbench_sparse.leaderboard.suites import contender_of
from nasbench_sparse.registry import OptimizerEntry, load_task
from nasbench_sparse.runner.plan import PlannedRun, already_done, plan_run, plan_suite
from nasbench_sparse.runner.suite import Suite

if TYPE_CHECKING:
    from nasbench_sparse.runner.loop import RunLoop
    from nasbench_sparse.runner.study import RunView, StudyReport, Watcher

LIVE = ("serial", "processes", "ray")
"""Executors on which a training has the same result, bit for bit."""

FEWEST_FAILURES = 3


def plan_newcomer(
    suite: Suite, entry: OptimizerEntry, options: Mapping[str, Any] | None = None
) -> tuple[list[PlannedRun], dict[str, str]]:
    """Plan an optimizer's runs on a suite, and name the tasks it cannot serve with the reasons.

    Raises:
        NbsError: the suite has no tasks or no seeds.
        UnsupportedSpace: it can serve none.
    """
    first_block = {task: block for block in reversed(suite.blocks) for task in block.tasks}
    plans: list[PlannedRun] = []
    skipped: dict[str, str] = {}
    for task in suite.tasks:
        block = first_block[task]
        try:
            plans += [
                plan_run(
                    load_task(task),
                    entry,
                    block.budget,
                    seed=seed,
                    options=options,
                    replicate=block.replicate,
                    workers=block.workers,
                    executor=block.executor,
                    study=suite.name,
                )
                for seed in block.seeds
            ]
        except UnsupportedSpace as error:
            skipped[task] = str(error)
    if not plans and not skipped:
        raise NbsError(f"suite {suite.name!r} has no {'seeds' if suite.tasks else 'tasks'}")
    if not plans:
        raise UnsupportedSpace(
            f"{entry.name!r} can serve no task of suite {suite.name!r}: {'; '.join(skipped.values())}"
        )
    plans.sort(key=lambda plan: plan.spec.seed)  # stable: a stopped comparison has even seeds
    return plans, skipped


def plan_rivals(suite: Suite, own: PlannedRun) -> list[PlannedRun]:
    """Plan the runs of a suite's contenders other than the newcomer, of which one planned run is given.

    Raises:
        NbsError: there are none, or one has the newcomer's name and another source.
    """
    name, plans = own.spec.optimizer, plan_suite(suite)
    if any(plan.spec.optimizer == name and plan.spec.source != own.spec.source for plan in plans):
        raise NbsError(
            f"suite {suite.name!r} has a contender {name!r} from another source than the newcomer; rename the "
            "newcomer's class, so that the two can be told apart"
        )
    rivals = [plan for plan in plans if contender_of(plan.spec) != contender_of(own.spec)]
    if not rivals:
        raise NbsError(
            f"suite {suite.name!r} has no contender but {name!r}, so there is nothing to compare it with"
        )
    return rivals


def find_baseline(rivals: Iterable[PlannedRun], baseline: str, newcomer: Contender, suite: str) -> Contender:
    """Return the contender of a suite that is named: by optimizer, or with the options that tell it from others.

    Raises:
        UnknownName: there is none.
        NbsError: it is the newcomer itself, or there are several.
    """
    names = labels(sorted({contender_of(plan.spec) for plan in rivals}))
    found = [who for who, name in names.items() if name == baseline]
    found = found or [who for who in names if who.optimizer == baseline]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(repr(names[who]) for who in found)
        raise NbsError(f"suite {suite!r} has several {baseline!r}; --require-better takes one of {several}")
    if baseline == newcomer.optimizer:
        allowed = ", ".join(names.values())
        raise NbsError(f"{baseline!r} is the newcomer itself; --require-better takes one of {allowed}")
    raise unknown("baseline", baseline, names.values())


def as_recorded(plan: PlannedRun, recorded: Mapping[str, Recording]) -> PlannedRun:
    """Return a live run as the store holds it, ended on any live executor; as it was planned if it does not."""
    if plan.spec.executor not in LIVE:
        return plan
    for executor in (plan.spec.executor, *LIVE):
        placed = replace(plan, spec=replace(plan.spec, executor=executor))
        if is_held(placed, recorded):
            return placed
    return plan


def is_held(plan: PlannedRun, recorded: Mapping[str, Recording]) -> bool:
    """Tell whether a run's budget is spent already."""
    return already_done(recorded.get(plan.spec.run_id, Recording()), plan.budget)


class Fuse:
    """A watcher that stops a study whose newcomer has failed on each of its tasks, and ended well nowhere.

    What it sees it passes on to another watcher. It never stops one of which a run has ended well before.
    """

    def __init__(self, plans: Sequence[PlannedRun], watcher: Watcher, report: StudyReport) -> None:
        self._ids = {plan.spec.run_id for plan in plans}
        self._untried = {plan.spec.task for plan in plans}
        self._watcher, self._report = watcher, report

    def planned(self, runs: Sequence[PlannedRun], done: int) -> None:
        """Pass it on."""
        self._watcher.planned(runs, done)

    def started(self, run: RunView) -> None:
        """Pass it on."""
        self._watcher.started(run)

    def told(self, loop: RunLoop, told: Told) -> None:
        """Pass it on."""
        self._watcher.told(loop, told)

    def ended(self, run: RunView) -> None:
        """Pass it on, and stop the study if nothing but failures is to be expected.

        Raises:
            OptimizerError: naming the most frequent error.
        """
        self._watcher.ended(run)
        self._untried.discard(run.spec.task)
        if self._untried or self._ids & {*self._report.reused, *self._report.finished}:
            return
        errors = [error for run_id, error in self._report.failed.items() if run_id in self._ids]
        if len(errors) < min(FEWEST_FAILURES, len(self._ids)):
            return
        (error, _), *others = Counter(errors).most_common()
        more = f" (and {len(others)} other error{'' if len(others) == 1 else 's'})" if others else ""
        raise OptimizerError(
            f"all {len(errors)} runs tried failed, on each task at least one, so nothing more is run: {error}{more}"
        )
