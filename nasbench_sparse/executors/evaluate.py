"""Evaluation of one work item: what a task raises or returns becomes a status."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace

from nasbench_sparse.core.curve import Curve
from nasbench_sparse.core.executor import Work
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, Status, Trial
from nasbench_sparse.errors import TaskError, TrialTimeout

_MEMORY_TEXTS = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")

Outcome = tuple[Evaluation, bytes | None]


def evaluate_work(
    task: Task, work: Work, checkpoint: bytes | None, timer: Callable[[], float] = time.perf_counter
) -> Outcome:
    """Evaluate a trial, or carry out its search step; a recorded outcome is returned as it is.

    `KeyboardInterrupt` propagates; every `Exception`, and `SystemExit`, becomes a status. An OK evaluation is
    checked: its curves must reach the fidelity, and where the objective's metric is not finite it is DIVERGED.

    Args:
        checkpoint: state to continue from, or None.
        timer: seconds on a monotonic clock; a failed attempt is charged what passed on it.
    Returns:
        The evaluation, its `seconds` the charged ones (see `charged_seconds`), and the state it left, if any.
    """
    if work.recorded is not None:
        return work.recorded, None
    trial, started = work.trial, timer()
    try:
        if trial.search is not None:
            evaluation, left = _checked(task.advance(trial.search, trial.replicate, checkpoint))
        else:
            evaluation, left = _checked(task.evaluate(trial, checkpoint))
            evaluation = _settled(task, trial, evaluation)
    except (Exception, SystemExit) as error:
        return failure(_status(error), failure_text(error), timer() - started), None
    return evaluation, left


def evaluate_works(
    task: Task,
    works: Sequence[Work],
    checkpoints: Sequence[bytes | None],
    timer: Callable[[], float] = time.perf_counter,
) -> list[Outcome]:
    """Evaluate works together where the task can (`Task.stack`), each with an outcome as of `evaluate_work`.

    Where one of them raises, both halves are evaluated apart, and so on: only those that raise alone have failed.
    A failed attempt is charged its share of a stack's time.
    """
    if len(works) == 1:
        evaluation, left = evaluate_work(task, works[0], checkpoints[0], timer)
        if evaluation.status is Status.FAILED and task.stack > 1:
            evaluation = replace(evaluation, seconds=evaluation.seconds / task.stack)
        return [(evaluation, left)]
    trials = [work.trial for work in works]
    try:
        outcomes = [_checked(outcome) for outcome in task.evaluate_many(trials, checkpoints)]
        return [
            (_settled(task, t, evaluation), left) for t, (evaluation, left) in zip(trials, outcomes, strict=True)
        ]
    except (Exception, SystemExit):
        middle = len(works) // 2
        return [
            outcome
            for part in (slice(middle), slice(middle, None))
            for outcome in evaluate_works(task, works[part], checkpoints[part], timer)
        ]


def can_share(task: Task, work: Work) -> bool:
    """Return whether work may be evaluated together with other trials of its task."""
    return task.stack > 1 and work.recorded is None and work.trial.search is None


def failure(status: Status, error: str, seconds: float) -> Evaluation:
    """Build the evaluation of an attempt that brought no result; `error` is one line, then any traceback."""
    return Evaluation(status, seconds=seconds, error=error)


def timed_out(limit: float, stack: int = 1) -> Evaluation:
    """Build the evaluation of an attempt stopped after `limit` seconds, charged with its share of a stack's."""
    return failure(Status.TIMEOUT, f"TrialTimeout: ran past the limit of {limit:g} s", limit / stack)


def charged_seconds(evaluation: Evaluation, trial: Trial) -> float:
    """Return the training seconds a trial is charged: those from `trial.resumes_at` to its fidelity, all folds.

    They are read off the curves, so a trial costs the same whether it was trained now, continued from a
    checkpoint, trained again from the start because the checkpoint was lost, or found in the store. Search steps
    and evaluations that are neither OK nor DIVERGED are charged `evaluation.seconds`.
    """
    if trial.search is not None or not evaluation.curves or not evaluation.status.reusable:
        return evaluation.seconds
    seconds = 0.0
    for curve in evaluation.curves:
        seconds += seconds_at(curve, trial.fidelity) - seconds_at(curve, trial.resumes_at)
    return seconds


def seconds_at(curve: Curve, fidelity: int) -> float:
    """Return the cumulative seconds after `fidelity` units, or at the curve's end if it ends before; 0 at 0."""
    if fidelity <= 0:
        return 0.0
    if fidelity <= len(curve) and curve[fidelity - 1].step == fidelity:
        return curve[fidelity - 1].seconds
    return max((point.seconds for point in curve if point.step <= fidelity), default=0.0)


def _checked(outcome: object) -> Outcome:
    match outcome:
        case (Evaluation() as evaluation, (None | bytes()) as left):
            return evaluation, left
    kinds = f"({', '.join(type(item).__name__ for item in outcome)})" if isinstance(outcome, tuple) else None
    raise TaskError(f"a task returns (Evaluation, bytes or None), not {kinds or type(outcome).__name__}")


def _settled(task: Task, trial: Trial, evaluation: Evaluation) -> Evaluation:
    if evaluation.status is Status.OK:
        ends = [curve[-1].step if curve else 0 for curve in evaluation.curves]
        if not ends or any(end != trial.fidelity for end in ends):
            raise TaskError(f"curves of an OK evaluation end at the fidelity {trial.fidelity}, not at {ends}")
        if not all(task.objective.is_finite(curve[-1]) for curve in evaluation.curves):
            evaluation = replace(evaluation, status=Status.DIVERGED)
    return replace(evaluation, seconds=charged_seconds(evaluation, trial))


def _status(error: BaseException) -> Status:
    if isinstance(error, TrialTimeout):
        return Status.TIMEOUT
    # torch.OutOfMemoryError is known by its name, so that nothing imports torch here.
    memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    if memory or (isinstance(error, RuntimeError) and any(t in str(error).lower() for t in _MEMORY_TEXTS)):
        return Status.OUT_OF_MEMORY
    return Status.FAILED


def failure_text(error: BaseException) -> str:
    """Return one line that says what was raised, then the traceback."""
    lines = str(error).strip().splitlines()
    head = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return f"{head}\n{''.join(traceback.format_exception(error))}"
