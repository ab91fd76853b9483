"""Simulated runs spread over processes: each run is carried out whole by one of them, into its own journal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

from nasbench_sparse.core.record import Told
from nasbench_sparse.core.run import RunSpec
from nasbench_sparse.errors import NbsError, NbsWarning
from nasbench_sparse.executors.transport import Parcel, unwrap, wrap
from nasbench_sparse.executors.worker import WORKER_ENVIRONMENT, exit_with_driver, refuse_in_worker
from nasbench_sparse.registry import OptimizerEntry
from nasbench_sparse.runner.loop import Resume, RunLoop
from nasbench_sparse.runner.plan import PlannedRun
from nasbench_sparse.runner.recorded import Recorded
from nasbench_sparse.runner.resources import Resources
from nasbench_sparse.runner.study import RunView, Study
from nasbench_sparse.store import Store

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from nasbench_sparse.runner.spread import main; main(int(sys.argv[1]))"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the processes of a study share."""

    store: str
    resources: Resources
    resume: Resume
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class SpreadRun:
    """A run in another process: as it was when it started, or ended."""

    spec: RunSpec
    status: str = "running"
    told_count: int = 0
    incumbent_loss: float | None = None
    error: str | None = None


def spread(
    setting: Setting,
    plans: Sequence[PlannedRun],
    new: Collection[str],
    processes: int,
    started: Callable[[RunView], None],
) -> Iterator[SpreadRun]:
    """Carry out simulated runs in several processes, and yield each when it has ended; see `Study.carry_out`.

    A run whose process dies has failed; what it recorded is kept, and the same call resumes it. Runs of a class
    that other processes cannot import, such as one of a notebook, come last and in this one, with a warning.
    Processes end when the iterator is closed, or this process is gone.

    Raises:
        NbsError: this is a worker process itself.
    """
    refuse_in_worker()
    queue = _Queue(plans, new)
    workers: list[_Worker] = []
    try:
        while True:
            while len(workers) < processes and (sent := queue.next()) is not None:
                workers.append(_Worker(setting))
                workers[-1].take(sent, started)
            if not workers:
                break
            heard = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in heard]:
                run = worker.hear()
                if run.status == "refused":
                    queue.keep(worker.plan, run.error or "")
                if run.status == "died":
                    run = SpreadRun(run.spec, "failed", error=run.error)
                    workers.remove(worker)
                elif (sent := queue.next()) is not None:
                    worker.take(sent, started)
                else:
                    worker.stop()
                    workers.remove(worker)
                if run.status != "refused":
                    yield run
    finally:
        for worker in workers:
            worker.stop()
    yield from queue.carry_out_rest(setting, started)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A run on its way to another process; `new` says that the store does not know it."""

    plan: PlannedRun
    parcel: Parcel
    new: bool


class _Queue:
    """Runs that wait for a process, and those that other processes cannot import."""

    def __init__(self, plans: Iterable[PlannedRun], new: Collection[str]) -> None:
        self._waiting = deque(plans)
        self._new = new
        self._kept: list[PlannedRun] = []
        self._reasons: dict[str, dict[str, str]] = {}

    def next(self) -> _Sent | None:
        """Return the next run that can be sent; None if there is none."""
        while self._waiting:
            plan = self._waiting.popleft()
            try:
                rule = "its task and options are plain data, its optimizer a class"
                parcel = wrap(plan, f"run {plan.spec.run_id}", rule)
            except NbsError as error:
                self.keep(plan, str(error))
                continue
            return _Sent(plan, parcel, plan.spec.run_id in self._new)
        return None

    def keep(self, plan: PlannedRun, reason: str) -> None:
        """Keep a run for this process, with all others of its optimizer on its task that wait."""
        kind = _kind(plan)
        self._kept += [plan, *(other for other in self._waiting if _kind(other) == kind)]
        self._waiting = deque(other for other in self._waiting if _kind(other) != kind)
        self._reasons.setdefault(plan.spec.optimizer, {}).setdefault(plan.spec.task, reason)

    def carry_out_rest(self, setting: Setting, started: Callable[[RunView], None]) -> Iterator[SpreadRun]:
        """Carry out in this process what was kept, and yield each run when it has ended; warn once an optimizer."""
        ending = _Ending()
        for optimizer, reasons in self._reasons.items():
            (task, reason), *others = reasons.items()
            where = f"{len(reasons)} tasks" if others else repr(task)
            warnings.warn(
                f"other processes cannot import what the runs of {optimizer!r} on {where} need, so this one "
                f"carries them out, one by one; a class at the top level of a file can be imported ({reason})",
                NbsWarning,
                stacklevel=1,
            )
        for plan in self._kept:
            started(SpreadRun(plan.spec))
            yield _carry_out(_study(setting, ending), ending, plan, plan.spec.run_id in self._new)


def _kind(plan: PlannedRun) -> tuple[OptimizerEntry, str]:
    """Return what other processes must import for a run: its optimizer, and its task by fingerprint."""
    return plan.entry, plan.spec.fingerprint


class _Worker:
    """A process that carries out one run after another."""

    def __init__(self, setting: Setting) -> None:
        self.connection, there = Pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, str(there.fileno()), json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=2,
            env={**os.environ, **WORKER_ENVIRONMENT},
            pass_fds=[there.fileno()],
            start_new_session=True,
        )
        there.close()
        self._plan: PlannedRun | None = None
        self.connection.send(wrap(setting, "the study's setting", "it is plain data"))

    @property
    def plan(self) -> PlannedRun:
        """The run it was given last."""
        assert self._plan is not None
        return self._plan

    def take(self, sent: _Sent, started: Callable[[RunView], None]) -> None:
        """Begin a run."""
        self._plan = sent.plan
        with suppress(OSError):  # a dead process shows when it is heard
            self.connection.send((sent.parcel, sent.new))
        started(SpreadRun(sent.plan.spec))

    def hear(self) -> SpreadRun:
        """Return how the run ended, its status "died" if its process did, "refused" if that could not import it."""
        try:
            run = self.connection.recv()
            if isinstance(run, str):
                return SpreadRun(self.plan.spec, "refused", error=run)
            assert isinstance(run, SpreadRun)
            return run
        except (EOFError, OSError):
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=1.0)
            self.stop()
            return SpreadRun(
                self.plan.spec, "died", error=f"its process ended with status {self.process.returncode}"
            )

    def stop(self) -> None:
        """End the process."""
        self.connection.close()
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()


class _Ending:
    """A watcher that keeps how the last run ended."""

    last: SpreadRun | None = None

    def planned(self, runs: Sequence[PlannedRun], done: int) -> None: ...
    def started(self, run: RunView) -> None: ...
    def told(self, loop: RunLoop, told: Told) -> None: ...

    def ended(self, run: RunView) -> None:
        self.last = SpreadRun(run.spec, run.status, run.told_count, run.incumbent_loss)


def main(descriptor: int) -> None:
    """Serve the study over an inherited socket until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=exit_with_driver, daemon=True).start()
    connection = Connection(descriptor)
    setting = unwrap(connection.recv())
    assert isinstance(setting, Setting)
    ending = _Ending()
    study = _study(setting, ending)
    while True:
        try:
            parcel, new = connection.recv()
        except EOFError:
            return
        try:
            plan = unwrap(parcel)
        except Exception as error:
            connection.send(f"{type(error).__name__}: {error}")
            continue
        assert isinstance(plan, PlannedRun)
        connection.send(_carry_out(study, ending, plan, new))


def _study(setting: Setting, ending: _Ending) -> Study:
    return Study(
        Store(setting.store),
        setting.resources,
        resume=setting.resume,
        watcher=ending,
        recorded=setting.recorded,
        merges=False,
    )


def _carry_out(study: Study, ending: _Ending, plan: PlannedRun, new: bool) -> SpreadRun:
    ending.last = None
    try:
        study.carry_out([plan], new=[plan.spec.run_id] if new else [])
    except NbsError as error:
        return SpreadRun(plan.spec, "failed", error=str(error))
    error_text = study.report.failed.get(plan.spec.run_id)
    ended = ending.last or SpreadRun(plan.spec)
    return ended if error_text is None else replace(ended, status="failed", error=error_text)
