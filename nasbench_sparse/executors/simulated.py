"""The simulated executor: exact discrete events over recorded seconds."""

from __future__ import annotations

from dataclasses import replace
from heapq import heappop, heappush
from pathlib import Path
from typing import ClassVar

from nasbench_sparse.core.curve import Curve
from nasbench_sparse.core.executor import Completion, Executor, Work
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, Status, Trial
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.checkpoints import open_checkpoints
from nasbench_sparse.executors.evaluate import charged_seconds, evaluate_work, seconds_at, timed_out
from nasbench_sparse.executors.faults import SPARED, Faults


class SimulatedExecutor(Executor):
    """N workers in virtual time: work submitted at clock c completes at c + its charged seconds.

    Completions come in order of (time, submission), and the clock jumps from one to the next. Neither wall time
    nor any generator enters, so a run is the same to the byte on every machine. Work without a recorded outcome is
    evaluated here, once, and takes the seconds its curves say; where evaluating raises, it takes none.

    Args:
        workers: how many trials run at the same virtual time.
        checkpoints: directory for the states of work that is evaluated here; None keeps them in memory.
        trial_timeout: virtual seconds; a longer trial completes when they are over, with status TIMEOUT and the
            curve points reached by then.
        faults: declared failures and stragglers.
    """

    kind: ClassVar[str] = "simulated"

    def __init__(
        self,
        workers: int = 1,
        checkpoints: Path | None = None,
        trial_timeout: float | None = None,
        faults: Faults | None = None,
    ) -> None:
        if workers < 1:
            raise NbsError(f"a simulation needs at least one worker, not {workers}")
        self.slots = workers
        self._checkpoints = open_checkpoints(checkpoints)
        self._limit = trial_timeout
        self._faults = faults
        self._clock = 0.0
        self._submitted = 0
        self._events: list[tuple[float, int, int, Work, Evaluation]] = []
        self._idle = list(range(workers))
        self._names = [f"worker-{index}" for index in range(workers)]

    @property
    def free_workers(self) -> int:
        return len(self._idle)

    @property
    def clock(self) -> float:
        return self._clock

    def submit(self, task: Task, work: Work) -> None:
        """Start work on the lowest-numbered idle worker, now.

        Raises:
            NbsError: no worker is free.
        """
        if not self._idle:
            raise NbsError(f"all {self.slots} simulated workers are busy; take a completion first")
        evaluation = self._live(task, work) if work.recorded is None else work.recorded
        seconds = charged_seconds(evaluation, work.trial)
        replayed = work.recorded is not None and not work.recorded.status.reusable  # it has met its fate already
        if not replayed and (self._faults is not None or (self._limit is not None and seconds > self._limit)):
            evaluation, seconds = self._disturbed(work, evaluation, seconds)
        heappush(self._events, (self._clock + seconds, self._submitted, heappop(self._idle), work, evaluation))
        self._submitted += 1

    def next_completed(self, timeout: float | None = None) -> Completion | None:
        """Advance the clock to the next completion; `timeout` is not looked at, since nothing is waited for.

        Raises:
            NbsError: no work is in flight.
        """
        if not self._events:
            raise NbsError("no work is in flight, so none can complete")
        self._clock, _, worker, work, evaluation = heappop(self._events)
        heappush(self._idle, worker)
        return Completion(work, evaluation, self._names[worker], self._clock)

    def _live(self, task: Task, work: Work) -> Evaluation:
        for *_, other, evaluation in self._events:
            if _same_training(other.trial, work.trial):
                return evaluation  # under way on another worker: nothing is trained twice
        checkpoint = self._checkpoints.needed(task, work.trial)
        evaluation, state = evaluate_work(task, work, checkpoint, timer=_no_time)
        self._checkpoints.left(task, work.trial, evaluation, state)
        return evaluation

    def _disturbed(self, work: Work, evaluation: Evaluation, seconds: float) -> tuple[Evaluation, float]:
        """Apply the trial's fate, then the time limit; return the outcome and how long the worker is busy."""
        fate = SPARED if self._faults is None else self._faults.fate(work.run_id, work.trial.number)
        duration = seconds * fate.slowdown
        end = duration if fate.dies_at is None else duration * fate.dies_at
        if self._limit is not None and end > self._limit:
            curves = _reached(evaluation, work.trial, self._limit / fate.slowdown)
            return replace(timed_out(self._limit), curves=curves), self._limit
        if fate.dies_at is None:
            return evaluation, duration
        curves = _reached(evaluation, work.trial, end / fate.slowdown)
        return Evaluation(Status.FAILED, curves, end, "SimulatedFault: the simulated worker failed"), end


def _reached(evaluation: Evaluation, trial: Trial, seconds: float) -> tuple[Curve, ...]:
    """Return the curve points reached within some seconds of a trial whose folds are trained one after another."""
    curves = []
    for curve in evaluation.curves:
        credited = seconds_at(curve, trial.resumes_at)
        curves.append(tuple(p for p in curve if p.seconds - credited <= seconds and p.step <= trial.fidelity))
        seconds = max(0.0, seconds - (seconds_at(curve, trial.fidelity) - credited))
    return tuple(curve for curve in curves if curve)


def _same_training(one: Trial, other: Trial) -> bool:
    return (one.config_key, one.replicate, one.fidelity) == (other.config_key, other.replicate, other.fidelity)


def _no_time() -> float:
    return 0.0
