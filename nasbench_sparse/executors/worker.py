"""What runs in a worker process."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from nasbench_sparse.core.executor import Work
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.evaluate import Outcome, evaluate_works, failure, failure_text
from nasbench_sparse.executors.transport import Parcel, unpack

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
ONE_THREAD = dict.fromkeys(_THREAD_VARIABLES, "1")

_IS_WORKER = "NASBENCH_SPARSE_WORKER"
WORKER_ENVIRONMENT = {**ONE_THREAD, _IS_WORKER: "1"}
"""What the environment of a worker process has besides this one's."""


def refuse_in_worker() -> None:
    """Stop a worker from starting workers of its own.

    Raises:
        NbsError: called inside one (a script without `if __name__ == "__main__":` does that).
    """
    if _IS_WORKER in os.environ:
        raise NbsError(
            "worker processes cannot start workers of their own; if this is a script that defines its task and "
            'runs it, put the running part under `if __name__ == "__main__":`'
        )


class Worker:
    """A long-lived worker: each task is unpacked once and then kept with the data it has loaded."""

    def __init__(self) -> None:
        self._parcels: dict[str, Parcel] = {}
        self._tasks: dict[str, Task] = {}

    def evaluate(self, fingerprint: str, parcel: Parcel | None, work: Work, checkpoint: bytes | None) -> Outcome:
        """Evaluate work on one thread. `parcel` is None for a task that was sent before."""
        return self.evaluate_many(fingerprint, parcel, [work], [checkpoint])[0]

    def evaluate_many(
        self, fingerprint: str, parcel: Parcel | None, works: Sequence[Work], checkpoints: Sequence[bytes | None]
    ) -> list[Outcome]:
        """Evaluate works of one task together."""
        if parcel is not None:
            self._parcels[fingerprint] = parcel
        try:
            if fingerprint not in self._tasks:
                self._tasks[fingerprint] = unpack(self._parcels[fingerprint])
        except Exception as error:
            return [(failure(Status.FAILED, failure_text(error), 0.0), None) for _ in works]
        use_one_thread()
        return evaluate_works(self._tasks[fingerprint], works, checkpoints)


def use_one_thread() -> None:
    """Keep torch to one thread, since the number of threads changes the last bits of a result."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def main(descriptor: int) -> None:
    """Serve the driver over an inherited socket until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=exit_with_driver, daemon=True).start()
    worker, connection = Worker(), Connection(descriptor)
    while True:
        try:
            fingerprint, parcel, works, checkpoints = connection.recv()
        except EOFError:
            return
        connection.send(time.monotonic())
        outcomes = worker.evaluate_many(fingerprint, parcel, works, checkpoints)
        try:
            connection.send(outcomes)
        except OSError:
            return
        except Exception as error:
            connection.send([(failure(Status.FAILED, failure_text(error), 0.0), None) for _ in works])


def exit_with_driver() -> None:
    """Stop at once, in mid-training too, when the driver is gone: its end of our standard input closes then."""
    os.read(0, 1)
    os._exit(1)
