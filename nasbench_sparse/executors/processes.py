"""The process executor: long-lived worker processes on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import ClassVar

from nasbench_sparse.executors.checkpoints import open_checkpoints
from nasbench_sparse.executors.evaluate import can_share, timed_out
from nasbench_sparse.executors.pool import Job, PoolExecutor
from nasbench_sparse.executors.transport import pack
from nasbench_sparse.executors.worker import WORKER_ENVIRONMENT, refuse_in_worker

_PATIENCE = (
    1.0  # seconds between looks at processes whose death the socket does not show (a fork of theirs lives on)
)
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from nasbench_sparse.executors.worker import main; main(int(sys.argv[1]))"
)


@dataclass(slots=True)
class _Process:
    name: str
    process: subprocess.Popen[bytes]
    connection: Connection
    known: set[str] = field(default_factory=set)
    jobs: list[Job] = field(default_factory=list)

    @property
    def stacked(self) -> bool:
        """Whether it is at work on a stack."""
        return bool(self.jobs) and can_share(self.jobs[0].task, self.jobs[0].work)

    def stop(self) -> None:
        """Kill the process, and what it started."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.connection.close()
        assert self.process.stdin is not None
        self.process.stdin.close()

    def death(self) -> str:
        """Say how the process ended."""
        try:
            code = self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            return "worker closed its connection"
        return f"worker died (signal {-code})" if code < 0 else f"worker died (exit status {code})"


class ProcessExecutor(PoolExecutor):
    """Evaluates in worker processes, each of one thread, started when first needed.

    A worker that dies is replaced and its trial tried again; one that runs past the limit is killed. Workers do not
    see Ctrl-C, and end by themselves when this process does, however it ends. What tasks print goes to standard
    error.

    Trials of a stacked task wait until there are K of them, or nothing else is left to do, and then go to one
    worker together; each still completes as its own. A stack whose worker dies is tried again in halves.

    Args:
        workers: trials in flight at most: as many processes, or for stacked tasks one for each full stack among
            them and at least one.
        checkpoints: directory that keeps training states; None keeps them in this process's memory.
        trial_timeout: wall seconds a trial, or a stack of them, may take once a worker has begun it.

    Raises:
        NbsError: called inside a worker (a script without `if __name__ == "__main__":` does that).
    """

    kind: ClassVar[str] = "processes"

    def __init__(
        self, workers: int = 1, checkpoints: Path | None = None, trial_timeout: float | None = None
    ) -> None:
        refuse_in_worker()
        super().__init__(workers, trial_timeout)
        self._checkpoints = open_checkpoints(checkpoints)
        self._processes: list[_Process] = []
        self._waiting: deque[Job] = deque()
        self._halves: deque[list[Job]] = deque()

    def close(self) -> None:
        for process in self._processes:
            process.stop()
        self._processes.clear()
        self._waiting.clear()
        self._halves.clear()

    def _start(self, job: Job) -> None:
        if not can_share(job.task, job.work):
            self._send([job])
            return
        self._waiting.append(job)
        if self._has_room(job) and len(self._next_stack()) == job.task.stack:
            self._dispatch()

    def _dispatch(self) -> None:
        """Send what waits, in stacks as full as they can be."""
        while self._halves and self._has_room(self._halves[0][0]):
            self._send(self._halves.popleft())
        while self._waiting and self._has_room(self._waiting[0]):
            stack = self._next_stack()
            for job in stack:
                self._waiting.remove(job)
            self._send(stack)

    def _next_stack(self) -> list[Job]:
        task = self._waiting[0].task
        return [job for job in self._waiting if job.task.fingerprint == task.fingerprint][: task.stack]

    def _has_room(self, job: Job) -> bool:
        return sum(p.stacked for p in self._processes) < max(1, self.slots // job.task.stack)

    def _send(self, jobs: list[Job]) -> None:
        task = jobs[0].task
        process = next((p for p in self._processes if not p.jobs), None) or self._spawn()
        parcel = None if task.fingerprint in process.known else pack(task)
        works = [job.work for job in jobs]
        checkpoints = [self._checkpoints.needed(task, work.trial) for work in works]
        process.known.add(task.fingerprint)
        process.jobs = jobs
        try:
            process.connection.send((task.fingerprint, parcel, works, checkpoints))
        except OSError:
            self._bury(process)

    def _spawn(self) -> _Process:
        taken = {process.name for process in self._processes}
        name = next(name for i in range(self.slots) if (name := f"process-{i}") not in taken)
        here, there = Pipe()
        child = subprocess.Popen(
            [sys.executable, "-c", _BOOT, str(there.fileno()), json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=2,
            env={**os.environ, **WORKER_ENVIRONMENT},
            pass_fds=[there.fileno()],
            start_new_session=True,
        )
        there.close()
        process = _Process(name, child, here)
        self._processes.append(process)
        return process

    def _wait(self, seconds: float | None) -> None:
        self._dispatch()
        busy = {p.connection: p for p in self._processes if p.jobs}
        ends = [self._end(p) - time.monotonic() for p in busy.values()]
        heard = wait(list(busy), max(0.0, min([*ends, _PATIENCE, _PATIENCE if seconds is None else seconds])))
        for connection, process in busy.items():
            if connection in heard:
                self._hear(process)
            elif process.process.poll() is not None and not connection.poll():
                self._bury(process)
            elif process.jobs and time.monotonic() >= self._end(process):
                self._expire(process)

    def _end(self, process: _Process) -> float:
        if self._limit is None or not process.jobs or process.jobs[0].started is None:
            return float("inf")
        return process.jobs[0].started + self._limit

    def _hear(self, process: _Process) -> None:
        try:
            message = process.connection.recv()
        except (EOFError, OSError):
            self._bury(process)
            return
        if isinstance(message, float):
            for job in process.jobs:
                job.started = message
            return
        jobs, process.jobs = process.jobs, []
        for job, (evaluation, state) in zip(jobs, message, strict=True):
            self._checkpoints.left(job.task, job.work.trial, evaluation, state)
            self._finish(job, evaluation, process.name)

    def _bury(self, process: _Process) -> None:
        jobs, reason = process.jobs, process.death()
        self._remove(process)
        if len(jobs) == 1:
            self._lose(jobs[0], reason, process.name)
            return
        for job in jobs:
            job.started = None
        middle = len(jobs) // 2
        self._halves.extend((jobs[:middle], jobs[middle:]))

    def _expire(self, process: _Process) -> None:
        assert self._limit is not None
        self._remove(process)
        for job in process.jobs:
            self._finish(job, timed_out(self._limit, job.task.stack), process.name)

    def _remove(self, process: _Process) -> None:
        process.stop()
        self._processes.remove(process)
