"""The serial executor: one trial at a time, in this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import ClassVar

from nasbench_sparse.core.executor import Completion, Executor, Work
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.checkpoints import open_checkpoints
from nasbench_sparse.executors.evaluate import Outcome, charged_seconds, evaluate_work, timed_out


class SerialExecutor(Executor):
    """Evaluates in the calling thread, inside `next_completed`; its clock is the sum of charged seconds.

    Args:
        checkpoints: directory that keeps training states; None keeps them in memory.
        trial_timeout: wall seconds a trial may take. It is enforced by a signal, which reaches Python code only
            between two bytecodes: a single call that hangs inside a library needs the "processes" executor.
    """

    kind: ClassVar[str] = "serial"

    def __init__(self, checkpoints: Path | None = None, trial_timeout: float | None = None) -> None:
        self.slots = 1
        self._checkpoints = open_checkpoints(checkpoints)
        self._limit = trial_timeout
        self._waiting: tuple[Task, Work] | None = None
        self._clock = 0.0

    @property
    def free_workers(self) -> int:
        return 0 if self._waiting else 1

    @property
    def clock(self) -> float:
        return self._clock

    def submit(self, task: Task, work: Work) -> None:
        if self._waiting:
            raise NbsError("the serial executor takes one trial at a time, and one is in flight")
        self._waiting = task, work

    def next_completed(self, timeout: float | None = None) -> Completion | None:
        """Evaluate the submitted work; `timeout` is not looked at, since nothing runs in the background.

        Raises:
            NbsError: no work is in flight, or a trial timeout was asked for outside the main thread.
        """
        if self._waiting is None:
            raise NbsError("no work is in flight, so none can complete")
        task, work = self._waiting
        evaluation, state = self._evaluate(task, work)
        self._checkpoints.left(task, work.trial, evaluation, state)
        self._waiting = None
        self._clock += charged_seconds(evaluation, work.trial)
        return Completion(work, evaluation, "serial", self._clock)

    def _evaluate(self, task: Task, work: Work) -> Outcome:
        if work.recorded is not None:
            return work.recorded, None
        checkpoint = self._checkpoints.needed(task, work.trial)
        if self._limit is None:
            return evaluate_work(task, work, checkpoint)
        try:
            with _alarm(self._limit):
                return evaluate_work(task, work, checkpoint)
        except _Expired:
            return timed_out(self._limit), None


AGAIN = 0.1
"""Seconds until an alarm that was swallowed goes off again."""


class _Expired(BaseException):
    """The time limit; no `Exception`, so that a task's own handlers let it pass."""


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise _Expired in the main thread after some wall seconds, and again as long as it is swallowed.

    Signal handler and timer are put back.
    """
    if threading.current_thread() is not threading.main_thread():
        raise NbsError(
            "the serial executor enforces a trial timeout by a signal, which only the main thread can receive; "
            "drive it there, or use the 'processes' executor"
        )

    def expire(_signal: int, _frame: FrameType | None) -> None:
        raise _Expired

    handler = signal.signal(signal.SIGALRM, expire)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
    finally:  # twice, for an alarm that goes off inside the first `finally`
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *timer)
