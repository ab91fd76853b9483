from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_sparse.core.curve import Curve, CurvePoint
from nasbench_sparse.core.executor import Work
from nasbench_sparse.core.trial import Evaluation, Status, Trial
from nasbench_sparse.executors.evaluate import charged_seconds, evaluate_work
from tests.executors.probe_task import ProbeTask, search_on, work_on


def curve(*seconds: float, first: int = 1) -> Curve:
    return tuple(
        CurvePoint(step, 0.5, 0.5, 0.5, None, None, 1.0, second) for step, second in enumerate(seconds, start=first)
    )


def trial(fidelity: int, resumes_at: int = 0) -> Trial:
    return Trial(0, {}, "", fidelity, 0, resumes_at=resumes_at)


@pytest.mark.parametrize(
    ("fidelity", "resumes_at", "expected"),
    [(1, 0, 1.0 + 10.0), (3, 0, 4.0 + 40.0), (3, 1, 3.0 + 30.0), (2, 2, 0.0), (9, 2, 2.0 + 20.0)],
)
def test_charged_seconds_are_read_off_the_curves_of_all_folds(
    fidelity: int, resumes_at: int, expected: float
) -> None:
    evaluation = Evaluation(Status.OK, (curve(1.0, 2.0, 4.0), curve(10.0, 20.0, 40.0)), seconds=123.0)
    assert charged_seconds(evaluation, trial(fidelity, resumes_at)) == expected


def test_charged_seconds_of_a_curve_with_gaps_are_those_of_the_last_step_reached() -> None:
    gaps = (*curve(2.0, first=2), *curve(5.0, first=5))
    assert charged_seconds(Evaluation(Status.OK, (gaps,)), trial(5, 3)) == 3.0


def test_charged_seconds_of_other_outcomes_are_their_own() -> None:
    assert charged_seconds(Evaluation(Status.FAILED, (curve(1.0),), seconds=7.0), trial(1)) == 7.0
    assert charged_seconds(Evaluation(Status.OK, seconds=7.0), search_on(3).trial) == 7.0
    assert charged_seconds(Evaluation(Status.DIVERGED, ((),), seconds=7.0), trial(1)) == 0.0


def test_evaluate_work_charges_a_failed_attempt_what_passed_on_its_timer(task: ProbeTask) -> None:
    ticks = iter([10.0, 13.5])
    evaluation, state = evaluate_work(task, work_on(0, do="raise"), None, timer=lambda: next(ticks))
    assert (evaluation.seconds, state) == (3.5, None)


def test_evaluate_work_returns_recorded_outcomes_untouched(task: ProbeTask) -> None:
    recorded = Evaluation(Status.FAILED, seconds=3.0)
    assert evaluate_work(task, replace(work_on(0), recorded=recorded), None) == (recorded, None)
    assert task.log() == []


@pytest.mark.parametrize(("do", "error"), [("interrupt", KeyboardInterrupt)])
def test_evaluate_work_lets_interrupts_pass(task: ProbeTask, do: str, error: type[BaseException]) -> None:
    with pytest.raises(error):
        evaluate_work(task, work_on(0, do=do), None)


class Returns(ProbeTask):
    """Returns what it is given."""

    def evaluate(self, trial: Trial, checkpoint: bytes | None = None) -> tuple[Evaluation, bytes | None]:
        return RETURNED[str(trial.config["what"])]  # type: ignore[return-value]


RETURNED: dict[str, object] = {
    "nothing": None,
    "no pair": Evaluation(Status.OK, (curve(1.0),)),
    "text": (Evaluation(Status.OK, (curve(1.0),)), "text"),
    "no curve": (Evaluation(Status.OK), None),
    "short": (Evaluation(Status.OK, (curve(1.0, 2.0), curve(1.0))), None),
    "empty": (Evaluation(Status.OK, ((),)), None),
}


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("nothing", "not NoneType"),
        ("no pair", "not Evaluation"),
        ("text", r"not \(Evaluation, str\)"),
        ("no curve", r"end at the fidelity 2, not at \[\]"),
        ("short", r"end at the fidelity 2, not at \[2, 1\]"),
        ("empty", r"not at \[0\]"),
    ],
)
def test_evaluate_work_fails_a_task_that_breaks_its_contract(tmp_path: Path, what: str, error: str) -> None:
    evaluation, _ = evaluate_work(Returns(folder=str(tmp_path)), work_on(0, fidelity=2, what=what), None)
    assert evaluation.status is Status.FAILED
    assert evaluation.error is not None
    with pytest.raises(ValueError, match=error):
        raise ValueError(evaluation.error.splitlines()[0])


class OutOfMemoryError(RuntimeError):
    """Named like torch's."""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MemoryError(), Status.OUT_OF_MEMORY),
        (OutOfMemoryError("allocation"), Status.OUT_OF_MEMORY),
        (RuntimeError("CUDA error: out of memory"), Status.OUT_OF_MEMORY),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), Status.OUT_OF_MEMORY),
        (ValueError("out of memory"), Status.FAILED),
        (RuntimeError("shapes differ"), Status.FAILED),
    ],
)
def test_evaluate_work_tells_memory_errors_from_others(
    task: ProbeTask, monkeypatch: pytest.MonkeyPatch, error: Exception, status: Status
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(ProbeTask, "evaluate", fail)
    evaluation, _ = evaluate_work(task, work_on(0), None)
    assert evaluation.status is status
    assert evaluation.error is not None
    assert evaluation.error.splitlines()[0].startswith(type(error).__name__)


def test_evaluate_work_carries_out_search_steps(task: ProbeTask) -> None:
    evaluation, state = evaluate_work(task, search_on(1), b"[0]")
    assert (evaluation.status, evaluation.seconds, state) == (Status.OK, 2.0, b"[0,1]")


def test_evaluate_work_returns_the_evaluation_of_a_live_work(task: ProbeTask) -> None:
    work = work_on(0, fidelity=2)
    evaluation, _ = evaluate_work(task, Work("other run", work.trial), None)
    assert [point.step for point in evaluation.curve] == [1, 2]
    assert evaluation.seconds == 2 * 1.25
