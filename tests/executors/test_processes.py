from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_sparse.core.trial import Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.processes import ProcessExecutor
from nasbench_sparse.executors.serial import SerialExecutor
from nasbench_sparse.registry import load_task
from tests.executors.driving import run, run_all
from tests.executors.probe_task import ProbeTask, TorchTask, wait_until, work_on

ROOT = Path(__file__).parents[2]


def alive(pid: int) -> bool:
    """Whether a process runs (one that ended but was not yet waited for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def script(path: Path, *lines: str, task: str = "ProbeTask") -> list[str]:
    """Write a driver's script, which has `task`, `ProcessExecutor` and `work_on`; return its command line."""
    head = [
        "import sys",
        f"sys.path.insert(0, {str(ROOT)!r})",
        "from tests.executors.probe_task import ProbeTask, work_on",
        "from nasbench_sparse.executors.processes import ProcessExecutor",
    ]
    path.write_text("\n".join([*head, *lines]))
    return [sys.executable, "-W", "error", str(path)]


def test_processes_try_a_trial_again_whose_worker_was_killed(task: ProbeTask) -> None:
    with ProcessExecutor(workers=2) as executor:
        done = run_all(executor, task, [work_on(0, do="kill once"), *(work_on(n) for n in range(1, 6))])
        again = run(executor, task, work_on(6)).evaluation
    serial = run(SerialExecutor(), task, work_on(0, do="kill once")).evaluation
    assert done[0] == serial
    starts = [line.split()[0] for line in task.log()]
    assert [starts.count(str(number)) for number in range(1, 7)] == [1] * 6
    assert starts.count("0") == 2 + 1  # two attempts, and the serial one
    assert again.status is Status.OK


def test_processes_replace_a_worker_that_was_killed_while_idle(task: ProbeTask) -> None:
    with ProcessExecutor() as executor:
        run(executor, task, work_on(0))
        os.kill(int(task.log()[0].split()[1]), signal.SIGKILL)
        assert run(executor, task, work_on(1)).evaluation.status is Status.OK
    assert len(task.log()) == 2


def test_processes_give_up_a_trial_that_kills_its_workers(task: ProbeTask) -> None:
    with ProcessExecutor() as executor:
        killed = run(executor, task, work_on(0, do="kill")).evaluation
        assert (killed.status, killed.error) == (Status.FAILED, "worker died (signal 9) 3 times")
        left = run(executor, task, work_on(1, do="exit")).evaluation
        assert left.status is Status.FAILED
        assert (left.error or "").startswith("SystemExit: 3")
        assert run(executor, task, work_on(2)).evaluation.status is Status.OK
    assert len(task.log()) == 3 + 1 + 1


def test_processes_kill_what_runs_past_the_limit(task: ProbeTask) -> None:
    with ProcessExecutor(workers=2, trial_timeout=1.0) as executor:
        works = [work_on(0, do="hang"), work_on(1), work_on(2), work_on(3, do="hang"), work_on(4)]
        done = run_all(executor, task, works)
    assert [done[n].status for n in range(5)] == [Status.TIMEOUT, Status.OK, Status.OK, Status.TIMEOUT, Status.OK]
    assert done[0].seconds == 1.0
    hung = [int(line.split()[1]) for line in task.log() if line.split()[0] in "03"]
    assert not any(alive(pid) for pid in hung)


def test_processes_next_completed_returns_none_when_its_time_is_over(task: ProbeTask) -> None:
    with ProcessExecutor() as executor:
        executor.submit(task, work_on(0, do="hang"))
        assert executor.next_completed(timeout=0.05) is None
        assert executor.next_completed(timeout=0.0) is None
        assert executor.free_workers == 0


def test_processes_close_ends_workers_in_mid_trial(task: ProbeTask) -> None:
    with ProcessExecutor() as executor:
        executor.submit(task, work_on(0, do="hang"))
        wait_until(task.log)
    assert not alive(int(task.log()[0].split()[1]))


def test_processes_evaluate_in_parallel(task: ProbeTask) -> None:
    with ProcessExecutor(workers=2) as executor:
        done = run_all(executor, task, [work_on(0, do="meet"), work_on(1, do="meet")])
    assert {evaluation.status for evaluation in done.values()} == {Status.OK}


def test_processes_train_with_one_thread_and_the_bits_of_the_serial_executor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    task, threads = TorchTask(folder=str(tmp_path)), torch.get_num_threads()
    works = [work_on(n, x=0.1 * (n + 1), replicate=n) for n in range(2)]
    with ProcessExecutor() as executor:
        done = run_all(executor, task, works)
    assert task.log() == ["threads 1 1"] * 2
    torch.set_num_threads(1)
    try:
        assert run_all(SerialExecutor(), task, works) == done
    finally:
        torch.set_num_threads(threads)


def test_processes_refuse_a_task_that_cannot_be_sent(task: ProbeTask) -> None:
    class Local(ProbeTask):
        pass

    with ProcessExecutor() as executor:
        with pytest.raises(NbsError, match=r"cannot be sent to a worker .* top level of a module"):
            executor.submit(Local(folder=task.folder), work_on(0))
        assert run(executor, task, work_on(0)).evaluation.status is Status.OK


def test_processes_refuse_a_user_file_that_changed_under_the_run(tmp_path: Path) -> None:
    file = tmp_path / "changing.py"
    text = (
        "from tests.executors.probe_task import ProbeTask\n"
        "class Mine(ProbeTask):\n"
        "    pass\n"
        f"task = Mine(folder={str(tmp_path)!r})\n"
    )
    file.write_text(text)
    mine = load_task(f"{file}:task")
    file.write_text(text + "\n# edited\n")
    with ProcessExecutor() as executor, pytest.raises(NbsError, match=r"changing\.py changed after it was loaded"):
        executor.submit(mine, work_on(0))
    file.write_text(text)  # the module stays loaded for the rest of this process


def test_processes_workers_end_when_the_driver_is_killed(tmp_path: Path) -> None:
    command = script(
        tmp_path / "driver.py",
        f"task = ProbeTask(folder={str(tmp_path)!r})",
        "executor = ProcessExecutor(workers=2)",
        "executor.submit(task, work_on(0, do='hang'))",
        "executor.submit(task, work_on(1, do='hang'))",
        "executor.next_completed()",
    )
    task = ProbeTask(folder=str(tmp_path))
    with subprocess.Popen(command) as driver:
        wait_until(lambda: len(task.log()) == 2)
        workers = [int(line.split()[1]) for line in task.log()]
        assert all(alive(pid) for pid in workers)
        driver.kill()
    wait_until(lambda: not any(alive(pid) for pid in workers))


def test_processes_workers_stay_silent_when_the_user_interrupts(tmp_path: Path) -> None:
    command = script(
        tmp_path / "driver.py",
        f"task = ProbeTask(folder={str(tmp_path)!r})",
        "with ProcessExecutor() as executor:",
        "    executor.submit(task, work_on(0, do='hang'))",
        "    executor.next_completed()",
    )
    task = ProbeTask(folder=str(tmp_path))
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as driver:
        wait_until(task.log)
        time.sleep(0.2)
        os.killpg(driver.pid, signal.SIGINT)
        _, errors = driver.communicate(timeout=20)
    assert errors.count("Traceback") == errors.count("KeyboardInterrupt\n") == 1
    assert not alive(int(task.log()[0].split()[1]))


@pytest.mark.parametrize("guarded", [True, False])
def test_processes_take_a_task_from_the_drivers_script(tmp_path: Path, guarded: bool) -> None:
    command = script(
        tmp_path / "driver.py",
        "class Mine(ProbeTask):",
        "    pass",
        "if __name__ == '__main__':" if guarded else "if True:",
        f"    task = Mine(folder={str(tmp_path)!r})",
        "    with ProcessExecutor() as executor:",
        "        executor.submit(task, work_on(0))",
        "        evaluation = executor.next_completed().evaluation",
        "    print(evaluation.status, evaluation.error)",
    )
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    if guarded:
        assert result.stdout == "OK None\n"
    else:
        assert result.stdout.startswith("FAILED NbsError: worker processes cannot start workers of their own")


def test_processes_keep_what_tasks_print_out_of_standard_output(tmp_path: Path) -> None:
    command = script(
        tmp_path / "driver.py",
        "class Talks(ProbeTask):",
        "    def evaluate(self, trial, checkpoint=None):",
        "        print('training ...')",
        "        return super().evaluate(trial, checkpoint)",
        "if __name__ == '__main__':",
        "    with ProcessExecutor() as executor:",
        f"        executor.submit(Talks(folder={str(tmp_path)!r}), work_on(0))",
        "        print(executor.next_completed().evaluation.status)",
    )
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (result.stdout, result.stderr) == ("OK\n", "training ...\n")


def test_processes_send_each_task_to_a_worker_once(task: ProbeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    from nasbench_sparse.executors import processes, transport

    packed: list[str] = []

    def pack(task: ProbeTask) -> transport.Parcel:
        packed.append(task.fingerprint)
        return transport.pack(task)

    monkeypatch.setattr(processes, "pack", pack)
    other = replace(task, bulk=1)
    with ProcessExecutor() as executor:
        for number, sent in enumerate([task, other, task, other, task]):
            assert run(executor, sent, work_on(number)).evaluation.status is Status.OK
    assert packed == [task.fingerprint, other.fingerprint]
