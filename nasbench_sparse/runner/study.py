"""Studies: carries out planned runs against a store, reusing, resuming and extending what is recorded."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nasbench_sparse.core.executor import Executor
from nasbench_sparse.core.record import Recording, Told
from nasbench_sparse.core.run import RunSpec
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors import make_executor
from nasbench_sparse.runner.drive import Driver
from nasbench_sparse.runner.loop import Resume, RunLoop
from nasbench_sparse.runner.plan import PlannedRun, already_done, build_optimizer, check_data, check_optimizers
from nasbench_sparse.runner.provenance import provenance
from nasbench_sparse.runner.recorded import Recorded
from nasbench_sparse.runner.resources import Resources, check_settings
from nasbench_sparse.runner.results import KnownResults

if TYPE_CHECKING:
    from nasbench_sparse.store import RunLog, Store

MERGE_EVERY_SECONDS = 5.0


class RunView(Protocol):
    """What a watcher sees of a run when it starts and when it has ended, wherever that was; a `RunLoop` is one."""

    @property
    def spec(self) -> RunSpec: ...
    @property
    def status(self) -> str: ...
    @property
    def told_count(self) -> int: ...
    @property
    def incumbent_loss(self) -> float | None: ...


class Watcher(Protocol):
    """Sees a study as it goes on. Of runs in other processes it hears no outcomes, only when they have ended."""

    def planned(self, runs: Sequence[PlannedRun], done: int) -> None: ...
    def started(self, run: RunView) -> None: ...
    def told(self, loop: RunLoop, told: Told) -> None: ...
    def ended(self, run: RunView) -> None: ...


class Unwatched:
    """A watcher that shows nothing."""

    def planned(self, runs: Sequence[PlannedRun], done: int) -> None: ...
    def started(self, run: RunView) -> None: ...
    def told(self, loop: RunLoop, told: Told) -> None: ...
    def ended(self, run: RunView) -> None: ...


@dataclass(slots=True)
class StudyReport:
    """How a study ended: runs by outcome, and the error of each failed one by run id."""

    reused: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class Study:
    """Planned runs, a store, and the resources to carry them out.

    Args:
        recorded: where results trained before are looked up.
        merges: whether journals are merged into the store; not in a process that shares the runs of another.
    """

    def __init__(
        self,
        store: Store,
        resources: Resources | None = None,
        *,
        resume: Resume = "strict",
        watcher: Watcher | None = None,
        recorded: Recorded | None = None,
        merges: bool = True,
    ) -> None:
        self.store = store
        self.resources = resources or Resources()
        self.resume: Resume = resume
        self.watcher: Watcher = watcher or Unwatched()
        self.recorded = recorded or Recorded()
        self.merges = merges
        self.report = StudyReport()
        self._results: dict[tuple[str, bool], KnownResults] = {}
        self._logs: dict[str, RunLog] = {}
        self._new: frozenset[str] = frozenset()
        self._merged_at = time.monotonic()

    def run(self, plans: Iterable[PlannedRun]) -> StudyReport:
        """Carry out the runs that are not yet in the store.

        An optimizer's error ends its run and is kept in the report. On an interrupt the journals are closed, so
        that the same call resumes.
        """
        plans = list(plans)
        check_settings(plans, self.resources, self.recorded)
        recorded = self.store.statuses()
        todo = [plan for plan in plans if not self._reuse(plan, recorded)]
        check_optimizers(todo)
        check_data(todo)
        self.recorded.check(self.store, todo)
        self.recorded.prepare(self.store, plans)
        self.watcher.planned(plans, len(plans) - len(todo))
        try:
            self.carry_out(todo, new=[plan.spec.run_id for plan in todo if plan.spec.run_id not in recorded])
        finally:
            self.store.merge(wait=10.0)
        self._drop_checkpoints()
        return self.report

    def carry_out(self, plans: Iterable[PlannedRun], *, new: Iterable[str] = ()) -> None:
        """Carry out runs that were checked, and close their journals; `new` names those the store does not know."""
        self._new = frozenset(new)
        try:
            for (kind, workers), group in groupby(plans, key=lambda plan: (plan.spec.executor, plan.spec.workers)):
                self._run_group(kind, workers, list(group))
        finally:
            for log in self._logs.values():
                log.close()

    def _drop_checkpoints(self) -> None:
        """Remove training states once no run is being written: they could only save work of a run cut short."""
        if not any(Path(f"{self.store.path}.journal").glob("*.jsonl")):
            shutil.rmtree(self._checkpoints, ignore_errors=True)

    @property
    def _checkpoints(self) -> Path:
        return Path(f"{self.store.path}.checkpoints")

    def _reuse(self, plan: PlannedRun, recorded: Mapping[str, Recording]) -> bool:
        done = already_done(recorded.get(plan.spec.run_id, Recording()), plan.budget)
        if done:
            self.report.reused.append(plan.spec.run_id)
        return done

    def _run_group(self, kind: str, workers: int, plans: list[PlannedRun]) -> None:
        if kind == "simulated":
            if min(self.resources.slots, len(plans)) > 1:
                self._spread(plans)
                return
            for plan in plans:
                with self._executor(kind, workers) as executor:
                    Driver(executor, self._heard).drive(self._loops([plan]))
            return
        with self._executor(kind, workers) as executor:
            Driver(executor, self._heard).drive(self._loops(plans))

    def _spread(self, plans: list[PlannedRun]) -> None:
        from nasbench_sparse.runner.spread import Setting, spread

        setting = Setting(str(self.store.path), replace(self.resources, slots=1), self.resume, self.recorded)
        for run in spread(setting, plans, self._new, min(self.resources.slots, len(plans)), self.watcher.started):
            if run.status == "failed":
                self.report.failed[run.spec.run_id] = run.error or ""
            else:
                self.report.finished.append(run.spec.run_id)
            self.watcher.ended(run)
            self._merge_now_and_then()

    def _executor(self, kind: str, workers: int) -> Executor:
        resources = self.resources
        return make_executor(
            kind,
            workers=workers if kind in ("serial", "simulated") else max(workers, resources.slots),
            checkpoints=self._checkpoints,
            trial_timeout=resources.trial_timeout,
            ray_address=resources.ray_address,
            cpus_per_trial=resources.cpus_per_trial,
            gpus_per_trial=resources.gpus_per_trial,
            faults=resources.faults if kind == "simulated" else None,
        )

    def _loops(self, plans: list[PlannedRun]) -> Iterator[RunLoop]:
        for plan in plans:
            try:
                loop = self._loop(plan)
            except NbsError as error:
                self.report.failed[plan.spec.run_id] = str(error)
                continue
            self.watcher.started(loop)
            yield loop

    def _loop(self, plan: PlannedRun) -> RunLoop:
        optimizer = build_optimizer(plan)
        results = self._known(plan)
        log = self.store.begin(
            plan.spec,
            plan.task.declaration,
            provenance=provenance(),
            durable="batch" if plan.spec.executor == "simulated" else "each",
            new=plan.spec.run_id in self._new,
        )
        self._logs[plan.spec.run_id] = log
        return RunLoop(plan.spec, plan.task, optimizer, plan.budget, log, results, resume=self.resume)

    def _known(self, plan: PlannedRun) -> KnownResults:
        """Return a task's known results; simulated runs may be answered from a table, and so have others."""
        key = (plan.spec.fingerprint, plan.spec.executor == "simulated")
        if key not in self._results:
            self._results[key] = self.recorded.known(self.store, plan.task, plan.spec.executor)
        return self._results[key]

    def _heard(self, loop: RunLoop, told: Told | None) -> None:
        if told is not None:
            self.watcher.told(loop, told)
            return
        run_id = loop.spec.run_id
        self._logs.pop(run_id).close()
        if loop.status == "failed":
            self.report.failed[run_id] = str(loop.error)
        else:
            self.report.finished.append(run_id)
        self.watcher.ended(loop)
        self._merge_now_and_then()

    def _merge_now_and_then(self) -> None:
        if self.merges and time.monotonic() - self._merged_at > MERGE_EVERY_SECONDS:
            self.store.merge()
            self._merged_at = time.monotonic()
