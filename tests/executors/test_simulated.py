from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.core.executor import Completion, Work
from nasbench_sparse.core.trial import Evaluation, Status, Trial
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.faults import Faults
from nasbench_sparse.executors.simulated import SimulatedExecutor
from tests.executors.probe_task import ProbeTask, work_on

TASK = ProbeTask(folder="/nonexistent")  # recorded work touches no task


def point(step: int, seconds: float) -> CurvePoint:
    return CurvePoint(step, 0.5, 0.5, 0.5, None, None, 1.0, seconds)


def recorded(number: int, *seconds: float, resumes_at: int = 0, folds: int = 1, run_id: str = "run") -> Work:
    """Work whose recorded curve is at these cumulative seconds after steps 1, 2, ..."""
    trial = Trial(number, {}, f"{number}", len(seconds), 0, resumes_at=resumes_at)
    curve = tuple(point(step, second) for step, second in enumerate(seconds, start=1))
    return Work(run_id, trial, Evaluation(Status.OK, (curve,) * folds))


def drive(executor: SimulatedExecutor, works: list[Work]) -> list[Completion]:
    """Keep all workers busy in the order of the works."""
    waiting, done = list(works), []
    while waiting or executor.free_workers < executor.slots:
        while waiting and executor.free_workers:
            executor.submit(TASK, waiting.pop(0))
        completion = executor.next_completed()
        assert completion is not None
        done.append(completion)
    return done


def test_simulated_completes_in_the_order_worked_out_by_hand() -> None:
    # Worker 0: trial 0 in [0, 5], trial 3 in [5, 6]. Worker 1: trial 1 in [0, 2], 2 in [2, 5], 4 in [5, 6].
    # At 5 trials 0 and 2 tie: 0 was submitted first. Then 3 is started before 4, and both end at 6 in that order.
    works = [recorded(n, seconds) for n, seconds in enumerate([5.0, 2.0, 3.0, 1.0, 1.0])]
    done = drive(SimulatedExecutor(workers=2), works)
    assert [(c.work.trial.number, c.clock, c.worker) for c in done] == [
        (1, 2.0, "worker-1"),
        (0, 5.0, "worker-0"),
        (2, 5.0, "worker-1"),
        (3, 6.0, "worker-0"),
        (4, 6.0, "worker-1"),
    ]


def test_simulated_charges_continued_trials_the_difference() -> None:
    done = drive(SimulatedExecutor(), [recorded(0, 1.0, 3.0, 6.0, resumes_at=1)])
    assert done[0].clock == 5.0


def plain_simulation(workers: int, durations: list[float]) -> list[tuple[int, float]]:
    """Look through all running trials for the one that ends first, again and again."""
    clock, waiting, done = 0.0, list(enumerate(durations)), []
    running: list[tuple[float, int]] = []
    while waiting or running:
        while waiting and len(running) < workers:
            number, duration = waiting.pop(0)
            running.append((clock + duration, number))
        first = min(running)
        running.remove(first)
        clock = first[0]
        done.append((first[1], clock))
    return done


@given(st.integers(1, 5), st.lists(st.one_of(st.sampled_from([0.0, 1.0, 2.0]), st.floats(0, 1e6)), max_size=40))
def test_simulated_equals_a_plain_simulation(workers: int, durations: list[float]) -> None:
    works = [recorded(number, duration) for number, duration in enumerate(durations)]
    done = drive(SimulatedExecutor(workers), works)
    assert [(c.work.trial.number, c.clock) for c in done] == plain_simulation(workers, durations)


def test_simulated_timeout_cuts_the_curve_at_the_limit() -> None:
    limited = SimulatedExecutor(trial_timeout=3.0)
    late, on_time = drive(limited, [recorded(0, 1.0, 2.5, 4.0), recorded(1, 1.0, 3.0)])
    assert late.evaluation.status is Status.TIMEOUT
    assert (late.clock, late.evaluation.seconds) == (3.0, 3.0)
    assert [p.step for p in late.evaluation.curve] == [1, 2]
    assert (on_time.evaluation.status, on_time.clock) == (Status.OK, 6.0)


def test_simulated_timeout_counts_what_was_trained_now() -> None:
    continued = drive(SimulatedExecutor(trial_timeout=3.0), [recorded(0, 5.0, 7.0, 9.0, resumes_at=1)])[0]
    assert continued.clock == 3.0
    assert [p.step for p in continued.evaluation.curve] == [1, 2]


def test_simulated_timeout_reaches_folds_one_after_another() -> None:
    folds = drive(SimulatedExecutor(trial_timeout=5.0), [recorded(0, 2.0, 4.0, folds=3)])[0]
    assert [len(curve) for curve in folds.evaluation.curves] == [2]
    folds = drive(SimulatedExecutor(trial_timeout=6.0), [recorded(0, 2.0, 4.0, folds=3)])[0]
    assert [len(curve) for curve in folds.evaluation.curves] == [2, 1]


def test_simulated_evaluates_what_is_not_recorded_without_wall_time(task: ProbeTask) -> None:
    executor = SimulatedExecutor()
    executor.submit(task, work_on(0, x=1.0, fidelity=3))
    completion = executor.next_completed()
    assert completion is not None
    assert completion.clock == 6.0
    executor.submit(task, work_on(1, do="raise"))
    failed = executor.next_completed()
    assert failed is not None
    assert (failed.evaluation.status, failed.evaluation.seconds, failed.clock) == (Status.FAILED, 0.0, 6.0)


def test_faults_are_decided_by_run_and_trial_alone() -> None:
    faults = Faults(failure_rate=0.3, straggler_rate=0.2, straggler_factor=3.0, seed=1)
    works = [recorded(number, 1.0) for number in range(50)]
    forward = drive(SimulatedExecutor(3, faults=faults), works)
    backward = drive(SimulatedExecutor(2, faults=faults), works[::-1])
    outcome = {c.work.trial.number: c.evaluation for c in forward}
    assert outcome == {c.work.trial.number: c.evaluation for c in backward}
    others = drive(SimulatedExecutor(3, faults=faults), [replace(work, run_id="other") for work in works])
    assert outcome != {c.work.trial.number: c.evaluation for c in others}


def test_faults_happen_at_their_rates() -> None:
    faults = Faults(failure_rate=0.3, straggler_rate=0.2, straggler_factor=3.0, seed=1)
    fates = [faults.fate("run", number) for number in range(10_000)]
    failed = sum(fate.dies_at is not None for fate in fates)
    late = sum(fate.slowdown == 3.0 for fate in fates)
    assert abs(failed - 3000) < 5 * 46  # five binomial standard deviations
    assert abs(late - 2000) < 5 * 40
    assert all(fate.dies_at is None or 0.0 <= fate.dies_at < 1.0 for fate in fates)


def test_faults_change_the_clock_as_declared() -> None:
    slow = drive(SimulatedExecutor(faults=Faults(straggler_rate=1.0, straggler_factor=3.0)), [recorded(0, 2.0)])[0]
    assert (slow.clock, slow.evaluation) == (6.0, recorded(0, 2.0).recorded)
    options = Faults(straggler_rate=1.0, straggler_factor=3.0)
    cut = drive(SimulatedExecutor(trial_timeout=4.0, faults=options), [recorded(0, 1.0, 2.0)])[0]
    assert (cut.evaluation.status, cut.clock, len(cut.evaluation.curve)) == (Status.TIMEOUT, 4.0, 1)
    dead = drive(SimulatedExecutor(faults=Faults(failure_rate=1.0)), [recorded(0, 1.0, 2.0)])[0]
    assert dead.evaluation.status is Status.FAILED
    assert 0.0 <= dead.clock == dead.evaluation.seconds < 2.0


def test_replayed_trials_meet_their_fate_once() -> None:
    """A resumed run hands in what was told, and must pass the same times again."""
    faults = Faults(failure_rate=0.4, straggler_rate=0.3, straggler_factor=3.0)
    works = [recorded(number, 1.0, 2.0) for number in range(30)]
    told = drive(SimulatedExecutor(2, trial_timeout=5.0, faults=faults), works)
    assert {c.evaluation.status for c in told} == {Status.OK, Status.FAILED, Status.TIMEOUT}
    outcomes = {c.work.trial.number: c.evaluation for c in told}
    replayed = [replace(work, recorded=outcomes[work.trial.number]) for work in works]
    again = drive(SimulatedExecutor(2, trial_timeout=5.0, faults=faults), replayed)
    assert [(c.work.trial.number, c.clock, c.evaluation) for c in again] == [
        (c.work.trial.number, c.clock, c.evaluation) for c in told
    ]


def test_faults_refuse_what_is_no_rate() -> None:
    with pytest.raises(NbsError, match="failure_rate is a probability, not 2"):
        Faults(failure_rate=2.0)
    with pytest.raises(NbsError, match=r"straggler_factor is a finite number from 1, not 0\.5"):
        Faults(straggler_factor=0.5)
    with pytest.raises(NbsError, match="straggler_factor is a finite number from 1, not inf"):
        Faults(straggler_rate=0.5, straggler_factor=float("inf"))
    for rate, factor in ((0.5, 1.0), (0.0, 2.0)):
        with pytest.raises(NbsError, match="slows nothing down; give a rate above 0 and a factor above 1"):
            Faults(straggler_rate=rate, straggler_factor=factor)
