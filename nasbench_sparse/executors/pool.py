"""What executors with workers in other processes share: slots, retries, clock."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections import deque
from dataclasses import dataclass

from nasbench_sparse.core.executor import Completion, Executor, Work
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.evaluate import charged_seconds, failure

ATTEMPTS = 3


@dataclass(slots=True)
class Job:
    """Work in flight. `started` is the monotonic time at which a worker began its latest attempt."""

    task: Task
    work: Work
    attempts: int = 0
    started: float | None = None


class PoolExecutor(Executor):
    """Evaluates on several workers at once; completions come as they happen.

    Work with a recorded outcome completes without a worker. Work whose worker dies is given to another one, three
    attempts in all. The clock is all charged seconds over the number of workers: the time that perfectly busy
    workers need. (When trials overlap, their training seconds alone do not tell how.)
    """

    def __init__(self, workers: int, trial_timeout: float | None) -> None:
        if workers < 1:
            raise NbsError(f"an executor needs at least one worker, not {workers}")
        self.slots = workers
        self._limit = trial_timeout
        self._in_flight = 0
        self._charged = 0.0
        self._ready: deque[tuple[Work, Evaluation, str]] = deque()

    @property
    def free_workers(self) -> int:
        return self.slots - self._in_flight

    @property
    def clock(self) -> float:
        return self._charged / self.slots

    def submit(self, task: Task, work: Work) -> None:
        """Hand work to a worker.

        Raises:
            NbsError: all slots are taken, or the task cannot be sent to another process.
        """
        if self._in_flight >= self.slots:
            raise NbsError(f"all {self.slots} workers are busy; take a completion first")
        if work.recorded is not None:
            self._ready.append((work, work.recorded, "store"))
        else:
            self._start(Job(task, work))
        self._in_flight += 1

    def next_completed(self, timeout: float | None = None) -> Completion | None:
        """Return the next finished work, or None after `timeout` wall seconds.

        Raises:
            NbsError: no work is in flight.
        """
        if not self._in_flight:
            raise NbsError("no work is in flight, so none can complete")
        end = None if timeout is None else time.monotonic() + timeout
        while not self._ready:
            left = None if end is None else max(0.0, end - time.monotonic())
            self._wait(left)
            if not self._ready and left == 0.0:
                return None
        work, evaluation, worker = self._ready.popleft()
        self._in_flight -= 1
        self._charged += charged_seconds(evaluation, work.trial)
        return Completion(work, evaluation, worker, self.clock)

    @abstractmethod
    def _start(self, job: Job) -> None:
        """Give a job to a worker."""

    @abstractmethod
    def _wait(self, seconds: float | None) -> None:
        """Wait at most so long for workers, and pass on to `_finish` and `_lose` what they report."""

    def _finish(self, job: Job, evaluation: Evaluation, worker: str) -> None:
        self._ready.append((job.work, evaluation, worker))

    def _lose(self, job: Job, reason: str, worker: str) -> None:
        """Start a job again whose worker was lost; after the last attempt it has failed."""
        job.attempts += 1
        if job.attempts < ATTEMPTS:
            job.started = None
            self._start(job)
            return
        seconds = 0.0 if job.started is None else time.monotonic() - job.started
        self._finish(job, failure(Status.FAILED, f"{reason} {job.attempts} times", seconds), worker)
