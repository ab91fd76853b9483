"""What every executor must do alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_sparse.core.executor import Work
from nasbench_sparse.core.trial import Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors import make_executor
from nasbench_sparse.executors.serial import SerialExecutor
from nasbench_sparse.registry import load_task
from tests.executors.conftest import Build
from tests.executors.driving import run, run_all
from tests.executors.probe_task import ProbeTask, search_on, work_on


def test_executor_counts_its_slots(build: Build, kind: str, task: ProbeTask) -> None:
    executor = build()
    assert (executor.kind, executor.slots, executor.free_workers, executor.clock) == (kind, 1, 1, 0.0)
    executor.submit(task, work_on(0))
    assert executor.free_workers == 0
    with pytest.raises(NbsError, match=r"busy|in flight"):
        executor.submit(task, work_on(1))
    assert executor.next_completed() is not None
    assert executor.free_workers == 1
    with pytest.raises(NbsError, match="no work is in flight"):
        executor.next_completed()


def test_executor_turns_what_goes_wrong_into_statuses(build: Build, task: ProbeTask) -> None:
    executor = build()
    raised = run(executor, task, work_on(0, do="raise")).evaluation
    assert raised.status is Status.FAILED
    assert raised.error is not None
    assert raised.error.startswith("ValueError: probed\nTraceback")
    assert "probe_task.py" in raised.error
    garbage = run(executor, task, work_on(1, do="garbage")).evaluation
    assert garbage.status is Status.FAILED
    assert "not int" in str(garbage.error)
    assert run(executor, task, work_on(2, do="memory")).evaluation.status is Status.OUT_OF_MEMORY
    diverged = run(executor, task, work_on(3, do="nan")).evaluation
    assert (diverged.status, len(diverged.curve), diverged.seconds) == (Status.DIVERGED, 8, 10.0)
    assert run(executor, task, work_on(4)).evaluation.status is Status.OK


def test_executor_stops_a_trial_at_its_limit(build: Build, kind: str, task: ProbeTask) -> None:
    limit = {"serial": 0.5, "processes": 1.0, "ray": 2.0, "simulated": 3.0}[kind]
    executor = build(trial_timeout=limit)
    late = run(executor, task, work_on(0) if kind == "simulated" else work_on(0, do="hang"))
    assert late.evaluation.status is Status.TIMEOUT
    assert late.evaluation.error is not None
    assert "TrialTimeout" in late.evaluation.error.splitlines()[0]
    assert late.clock >= limit
    assert run(executor, task, work_on(1, fidelity=2)).evaluation.status is Status.OK


def test_executor_does_not_evaluate_recorded_work(build: Build, task: ProbeTask) -> None:
    first = run(SerialExecutor(), task, work_on(0))
    lines = len(task.log())
    executor = build()
    again = run(executor, task, Work("run", first.work.trial, recorded=first.evaluation))
    assert again.evaluation is first.evaluation
    assert len(task.log()) == lines
    assert executor.clock == again.clock == 10.0


@pytest.mark.parametrize("where", ["memory", "directory"])
def test_executor_continues_from_the_parent_checkpoint(
    build: Build, task: ProbeTask, tmp_path: Path, where: str
) -> None:
    executor = build(checkpoints=tmp_path / "checkpoints" if where == "directory" else None)
    run(executor, task, work_on(0, fidelity=3))
    continued = run(executor, task, work_on(1, fidelity=8, resumes_at=3))
    assert [line.split()[-1] for line in task.log()] == ["0->3", "3->8"]
    whole = run(SerialExecutor(), task, work_on(2, fidelity=8)).evaluation
    assert continued.evaluation.curves == whole.curves
    assert (continued.evaluation.seconds, whole.seconds) == (5 * 1.25, 8 * 1.25)
    assert executor.clock == 3 * 1.25 + 5 * 1.25


def test_executor_trains_a_lost_prefix_again(build: Build, task: ProbeTask) -> None:
    continued = run(build(), task, work_on(1, fidelity=8, resumes_at=3)).evaluation
    assert [line.split()[-1] for line in task.log()] == ["0->8"]
    assert continued.curves == run(SerialExecutor(), task, work_on(2)).evaluation.curves
    assert continued.seconds == 5 * 1.25


def test_executor_keeps_the_state_of_search_steps(build: Build, task: ProbeTask, tmp_path: Path) -> None:
    executor = build(checkpoints=tmp_path / "checkpoints")
    for step in range(3):
        completion = run(executor, task, search_on(step))
    assert task.log() == ["step 0 after []", "step 1 after [0]", "step 2 after [0, 1]"]
    assert completion.evaluation.config == {"gene": "[0, 1, 2]"}
    assert completion.clock == 6.0
    if (tmp_path / "checkpoints").exists():
        assert len(list((tmp_path / "checkpoints").iterdir())) == 1


def test_executor_brings_the_evaluations_of_the_serial_one(build: Build, kind: str, task: ProbeTask) -> None:
    works = [work_on(n, x=n / 8, fidelity=1 + n % 8, replicate=n % 3) for n in range(12)]
    works[5] = work_on(5, do="memory")
    executor = build(workers=1 if kind == "serial" else 2)
    done = run_all(executor, task, works)
    expected = run_all(SerialExecutor(), task, works)
    for number, evaluation in expected.items():
        assert done[number].curves == evaluation.curves
        assert done[number].status is evaluation.status
        if evaluation.status is Status.OK:
            assert done[number] == evaluation


def test_executor_clock_is_made_of_charged_seconds(build: Build, kind: str, task: ProbeTask) -> None:
    workers = 1 if kind == "serial" else 2
    executor = build(workers=workers)
    run_all(executor, task, [work_on(n, x=0.0, fidelity=f) for n, f in enumerate([8, 2, 3, 1])])
    # In virtual time one worker does 8 and the other 2 + 3 + 1; real workers are taken as perfectly busy.
    assert executor.clock == {"serial": 14.0, "simulated": 8.0}.get(kind, 7.0)


def test_executor_takes_a_task_from_a_users_file(build: Build, tmp_path: Path) -> None:
    file = tmp_path / "my_task.py"
    file.write_text(
        "from dataclasses import dataclass\n"
        "from tests.executors.probe_task import ProbeTask\n"
        "@dataclass(frozen=True, kw_only=True)\n"
        "class MyTask(ProbeTask):\n"
        "    pass\n"
        f"task = MyTask(folder={str(tmp_path)!r})\n"
    )
    mine = load_task(f"{file}:task")
    assert type(mine).__module__.startswith("nasbench_sparse_user_my_task_")
    completion = run(build(), mine, work_on(0))
    assert (completion.evaluation.error, completion.evaluation.status) == (None, Status.OK)


def test_make_executor_names_the_kinds_there_are() -> None:
    with pytest.raises(NbsError, match="unknown executor 'proceses': did you mean 'processes'"):
        make_executor("proceses")
    with pytest.raises(NbsError, match="at least one worker, not 0"):
        make_executor("serial", workers=0)
    with pytest.raises(NbsError, match="at least one worker, not 0"):
        make_executor("simulated", workers=0)
    with pytest.raises(NbsError, match="positive number of seconds, not 0"):
        make_executor("simulated", trial_timeout=0.0)
