"""Simulated runs spread over processes: each run is carried out whole by one of them, into its own journal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

from nasbench_sparse.core.record import Told
from nasbench_sparse.core.run import RunSpec
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.transport import unwrap, wrap
from nasbench_sparse.executors.worker import WORKER_ENVIRONMENT, exit_with_driver, refuse_in_worker
from nasbench_sparse.runner.loop import Resume, RunLoop
from nasbench_sparse.runner.plan import PlannedRun
from nasbench_sparse.runner.recorded import Recorded
from nasbench_sparse.runner.study import Resources, RunView, Study
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

    A run whose process dies has failed; what it recorded is kept, and the same call resumes it. Processes end when
    the iterator is closed, or this process is gone.

    Raises:
        NbsError: a run cannot be sent to another process, or this is a worker process itself.
    """
    refuse_in_worker()
    waiting = deque((plan, plan.spec.run_id in new) for plan in plans)
    workers: list[_Worker] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < processes:
                workers.append(_Worker(setting))
                workers[-1].take(*waiting.popleft(), started)
            heard = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in heard]:
                run = worker.hear()
                if run.status == "died":
                    run = SpreadRun(run.spec, "failed", error=run.error)
                    workers.remove(worker)
                elif waiting:
                    worker.take(*waiting.popleft(), started)
                else:
                    worker.stop()
                    workers.remove(worker)
                yield run
    finally:
        for worker in workers:
            worker.stop()


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
        self.spec: RunSpec | None = None
        self.connection.send(wrap(setting, "the study's setting", "it is plain data"))

    def take(self, plan: PlannedRun, new: bool, started: Callable[[RunView], None]) -> None:
        """Begin a run."""
        self.spec = plan.spec
        parcel = wrap(plan, f"run {plan.spec.run_id}", "its task and options are plain data, its optimizer a class")
        with suppress(OSError):  # a dead process shows when it is heard
            self.connection.send((parcel, new))
        started(SpreadRun(plan.spec))

    def hear(self) -> SpreadRun:
        """Return how the run ended, its status "died" if its process did."""
        assert self.spec is not None
        try:
            run = self.connection.recv()
            assert isinstance(run, SpreadRun)
            return run
        except (EOFError, OSError):
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=1.0)
            self.stop()
            return SpreadRun(self.spec, "died", error=f"its process ended with status {self.process.returncode}")

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
    study = Study(
        Store(setting.store),
        setting.resources,
        resume=setting.resume,
        watcher=ending,
        recorded=setting.recorded,
        merges=False,
    )
    while True:
        try:
            parcel, new = connection.recv()
        except EOFError:
            return
        plan = unwrap(parcel)
        assert isinstance(plan, PlannedRun)
        connection.send(_carry_out(study, ending, plan, new))


def _carry_out(study: Study, ending: _Ending, plan: PlannedRun, new: bool) -> SpreadRun:
    ending.last = None
    try:
        study.carry_out([plan], new=[plan.spec.run_id] if new else [])
    except NbsError as error:
        return SpreadRun(plan.spec, "failed", error=str(error))
    error_text = study.report.failed.get(plan.spec.run_id)
    ended = ending.last or SpreadRun(plan.spec)
    return ended if error_text is None else replace(ended, status="failed", error=error_text)
