"""The process executor: long-lived worker processes on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import ClassVar

from nasbench_sparse.executors.checkpoints import open_checkpoints
from nasbench_sparse.executors.evaluate import timed_out
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
    job: Job | None = None

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

    Args:
        workers: processes.
        checkpoints: directory that keeps training states; None keeps them in this process's memory.
        trial_timeout: wall seconds a trial may take once a worker has begun it.

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

    def close(self) -> None:
        for process in self._processes:
            process.stop()
        self._processes.clear()

    def _start(self, job: Job) -> None:
        fingerprint = job.task.fingerprint
        process = next((p for p in self._processes if p.job is None), None) or self._spawn()
        parcel = None if fingerprint in process.known else pack(job.task)
        checkpoint = self._checkpoints.needed(job.task, job.work.trial)
        process.known.add(fingerprint)
        process.job = job
        try:
            process.connection.send((fingerprint, parcel, job.work, checkpoint))
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
        busy = {p.connection: p for p in self._processes if p.job is not None}
        ends = [self._end(p) - time.monotonic() for p in busy.values()]
        heard = wait(list(busy), max(0.0, min([*ends, _PATIENCE, _PATIENCE if seconds is None else seconds])))
        for connection, process in busy.items():
            if connection in heard:
                self._hear(process)
            elif process.process.poll() is not None and not connection.poll():
                self._bury(process)
            elif process.job is not None and time.monotonic() >= self._end(process):
                self._expire(process, process.job)

    def _end(self, process: _Process) -> float:
        if self._limit is None or process.job is None or process.job.started is None:
            return float("inf")
        return process.job.started + self._limit

    def _hear(self, process: _Process) -> None:
        job = process.job
        assert job is not None
        try:
            message = process.connection.recv()
        except (EOFError, OSError):
            self._bury(process)
            return
        if isinstance(message, float):
            job.started = message
            return
        evaluation, state = message
        process.job = None
        self._checkpoints.left(job.task, job.work.trial, evaluation, state)
        self._finish(job, evaluation, process.name)

    def _bury(self, process: _Process) -> None:
        job, reason = process.job, process.death()
        assert job is not None
        self._remove(process)
        self._lose(job, reason, process.name)

    def _expire(self, process: _Process, job: Job) -> None:
        assert self._limit is not None
        self._remove(process)
        self._finish(job, timed_out(self._limit), process.name)

    def _remove(self, process: _Process) -> None:
        process.stop()
        self._processes.remove(process)
