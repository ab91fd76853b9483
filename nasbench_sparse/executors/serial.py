"""The serial executor: one trial, or one stack of trials, at a time, in this process."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import ClassVar

from nasbench_sparse.core.executor import Completion, Executor, Work
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.checkpoints import open_checkpoints
from nasbench_sparse.executors.evaluate import Outcome, can_share, charged_seconds, evaluate_works, timed_out


class SerialExecutor(Executor):
    """Evaluates in the calling thread, inside `next_completed`; its clock is the sum of charged seconds.

    Works of a stacked task that wait are evaluated together, up to the task's K; each still completes as its own.

    Args:
        checkpoints: directory that keeps training states; None keeps them in memory.
        trial_timeout: wall seconds a trial, or a stack of trials, may take. It is enforced by a signal, which
            reaches Python code only between two bytecodes: a single call that hangs inside a library needs the
            "processes" executor.
        slots: trials in flight at most; more than one only serves to fill stacks.
    """

    kind: ClassVar[str] = "serial"

    def __init__(self, checkpoints: Path | None = None, trial_timeout: float | None = None, slots: int = 1) -> None:
        self.slots = slots
        self._checkpoints = open_checkpoints(checkpoints)
        self._limit = trial_timeout
        self._waiting: deque[tuple[Task, Work]] = deque()
        self._ready: deque[tuple[Work, Evaluation]] = deque()
        self._clock = 0.0

    @property
    def free_workers(self) -> int:
        return self.slots - len(self._waiting) - len(self._ready)

    @property
    def clock(self) -> float:
        return self._clock

    def submit(self, task: Task, work: Work) -> None:
        if self.free_workers < 1:
            raise NbsError(
                f"the serial executor has {self.slots} trials in flight already; take a completion first"
            )
        self._waiting.append((task, work))

    def next_completed(self, timeout: float | None = None) -> Completion | None:
        """Evaluate the submitted work; `timeout` is not looked at, since nothing runs in the background.

        Raises:
            NbsError: no work is in flight, or a trial timeout was asked for outside the main thread.
        """
        if not self._ready:
            if not self._waiting:
                raise NbsError("no work is in flight, so none can complete")
            self._evaluate_next()
        work, evaluation = self._ready.popleft()
        self._clock += charged_seconds(evaluation, work.trial)
        return Completion(work, evaluation, "serial", self._clock)

    def _evaluate_next(self) -> None:
        task, first = self._waiting[0]
        works = [first]
        if can_share(task, first):
            works = [w for t, w in self._waiting if t.fingerprint == task.fingerprint and can_share(t, w)][
                : task.stack
            ]
        outcomes = self._evaluate(task, works)
        for work, (evaluation, state) in zip(works, outcomes, strict=True):
            self._waiting.remove((task, work))
            self._checkpoints.left(task, work.trial, evaluation, state)
            self._ready.append((work, evaluation))

    def _evaluate(self, task: Task, works: list[Work]) -> list[Outcome]:
        if works[0].recorded is not None:
            return [(works[0].recorded, None)]
        checkpoints = [self._checkpoints.needed(task, work.trial) for work in works]
        if self._limit is None:
            return evaluate_works(task, works, checkpoints)
        try:
            with _alarm(self._limit):
                return evaluate_works(task, works, checkpoints)
        except _Expired:
            return [(timed_out(self._limit, task.stack), None) for _ in works]


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
