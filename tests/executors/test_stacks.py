"""Stacks of trials in the executors: works that wait go to one worker together, and each completes as its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from nasbench_sparse.core.executor import Executor, Work
from nasbench_sparse.core.trial import Evaluation, Status, Trial
from nasbench_sparse.executors import make_executor
from nasbench_sparse.executors.evaluate import evaluate_works
from tests.executors.driving import run, run_all
from tests.executors.probe_task import ProbeTask, work_on


@dataclass(frozen=True, kw_only=True)
class StackProbe(ProbeTask):
    """Logs which trials were evaluated together."""

    numerics: str = "stacked(4)"

    def evaluate_many(
        self, trials: Sequence[Trial], checkpoints: Sequence[bytes | None] | None = None
    ) -> list[tuple[Evaluation, bytes | None]]:
        self._log("stack " + " ".join(str(trial.number) for trial in trials))
        return super().evaluate_many(trials, checkpoints)

    def stacks(self) -> list[list[int]]:
        """Return the numbers of the trials of each stack of several, in order."""
        return [[int(n) for n in line.split()[1:]] for line in self.log() if line.startswith("stack ")]


@pytest.fixture
def probe(tmp_path: Path) -> StackProbe:
    return StackProbe(folder=str(tmp_path))


@pytest.fixture(params=["serial", "processes"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with make_executor(request.param, workers=8) as built:
        yield built


def works(count: int, **fields: str) -> list[Work]:
    return [work_on(number, x=0.1 * number, **fields) for number in range(count)]


def test_waiting_works_form_stacks_and_outcomes_are_those_of_lone_trials(
    executor: Executor, probe: StackProbe
) -> None:
    alone = [evaluate_works(probe, [work], [None])[0][0] for work in works(10)]
    done = run_all(executor, probe, works(10))
    assert [done[number] for number in range(10)] == alone
    assert [0, 1, 2, 3] in probe.stacks()
    assert [4, 5, 6, 7] in probe.stacks()


def test_incomplete_stack_does_not_wait_for_more_work(executor: Executor, probe: StackProbe) -> None:
    done = run_all(executor, probe, works(3))
    assert probe.stacks() == [[0, 1, 2]]
    assert {evaluation.status for evaluation in done.values()} == {Status.OK}


def test_full_slots_stay_full(executor: Executor, probe: StackProbe) -> None:
    for work in works(8):
        executor.submit(probe, work)
    assert executor.free_workers == 0
    assert executor.next_completed() is not None
    assert executor.free_workers == 1


def test_a_raising_trial_fails_alone(executor: Executor, probe: StackProbe) -> None:
    mixed = [*works(3), work_on(3, do="raise")]
    done = run_all(executor, probe, mixed)
    assert [done[number].status for number in range(4)] == [Status.OK] * 3 + [Status.FAILED]
    assert (done[3].error or "").startswith("ValueError: probed")


def test_recorded_and_search_works_are_no_part_of_a_stack(executor: Executor, probe: StackProbe) -> None:
    recorded = Evaluation(Status.DIVERGED)
    mixed = works(3)
    mixed[1] = Work(mixed[1].run_id, mixed[1].trial, recorded)
    done = run_all(executor, probe, mixed)
    assert done[1] is recorded
    assert probe.stacks() == [[0, 2]]


def test_each_trial_of_a_stack_continues_its_own_checkpoint(executor: Executor, probe: StackProbe) -> None:
    run_all(executor, probe, [work_on(number, x=0.1 * number, fidelity=3) for number in range(4)])
    continued = [work_on(number + 4, x=0.1 * number, resumes_at=3) for number in range(4)]
    done = run_all(executor, probe, continued)
    alone = [evaluate_works(probe, [work], [None])[0][0] for work in continued]
    assert [done[number] for number in range(4, 8)] == alone
    assert sum("3->8" in line for line in probe.log()) == 4


@pytest.mark.parametrize("kind", ["serial", "processes"])
def test_timeout_of_a_stack_times_out_its_trials(kind: str, probe: StackProbe) -> None:
    with make_executor(kind, workers=4, trial_timeout=2.0) as executor:
        done = run_all(executor, probe, [*works(2), work_on(2, do="hang")])
        assert [evaluation.status for evaluation in done.values()] == [Status.TIMEOUT] * 3
        assert [evaluation.seconds for evaluation in done.values()] == [0.5] * 3  # a quarter of the stack's
        assert run(executor, probe, work_on(3)).evaluation.status is Status.OK


def test_a_trial_that_kills_its_worker_fails_alone(probe: StackProbe) -> None:
    with make_executor("processes", workers=8) as executor:
        done = run_all(executor, probe, [*works(3), work_on(3, do="kill")])
    assert [done[number].status for number in range(4)] == [Status.OK] * 3 + [Status.FAILED]
    assert "worker died (signal 9) 3 times" in (done[3].error or "")


def test_stacks_share_the_processes_that_their_slots_pay_for(probe: StackProbe) -> None:
    with make_executor("processes", workers=8) as executor:
        done = run_all(executor, probe, works(16, do="nap"))
        workers = {line.split()[1] for line in probe.log() if not line.startswith("stack")}
    assert len(done) == 16
    assert len(workers) == 2


def test_ordinary_tasks_are_never_stacked(tmp_path: Path, executor: Executor) -> None:
    task = ProbeTask(folder=str(tmp_path))
    assert len(run_all(executor, task, works(5))) == 5
