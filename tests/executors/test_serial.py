from __future__ import annotations

import signal
import threading

import pytest

from nasbench_sparse.core.trial import Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.serial import SerialExecutor
from tests.executors.probe_task import ProbeTask, work_on


def test_serial_timeout_puts_the_signal_handler_and_timer_back(task: ProbeTask) -> None:
    def mine(*_: object) -> None:
        raise AssertionError("a stray alarm")

    before = signal.signal(signal.SIGALRM, mine)
    try:
        executor = SerialExecutor(trial_timeout=0.5)
        for number, do in enumerate(["hang", "train", "raise"]):
            executor.submit(task, work_on(number, do=do))
            completion = executor.next_completed()
            assert completion is not None
            assert signal.getsignal(signal.SIGALRM) is mine
            assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
            expected = {"hang": Status.TIMEOUT, "train": Status.OK, "raise": Status.FAILED}[do]
            assert completion.evaluation.status is expected
    finally:
        signal.signal(signal.SIGALRM, before)


def test_serial_timeout_is_refused_outside_the_main_thread(task: ProbeTask) -> None:
    caught: list[BaseException] = []

    def drive() -> None:
        executor = SerialExecutor(trial_timeout=1.0)
        executor.submit(task, work_on(0))
        try:
            executor.next_completed()
        except NbsError as error:
            caught.append(error)

    thread = threading.Thread(target=drive)
    thread.start()
    thread.join()
    assert len(caught) == 1
    assert "only the main thread can receive" in str(caught[0])
    assert task.log() == []


def test_serial_lets_the_user_interrupt(task: ProbeTask) -> None:
    executor = SerialExecutor(trial_timeout=10.0)
    executor.submit(task, work_on(0, do="interrupt"))
    with pytest.raises(KeyboardInterrupt):
        executor.next_completed()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
