"""What recording costs a live trial, durable one by one, against Optuna's journal and SQLite storages."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from itertools import count
from pathlib import Path

from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from benchmarks.driving import drive
from benchmarks.measurement import Measurement, medians, seconds
from benchmarks.optuna_peer import optimize, study
from benchmarks.table_task import plan
from nasbench_sparse.executors.serial import SerialExecutor


def measure(*, trials: int = 200, peer_trials: int = 20, repetitions: int = 5) -> list[Measurement]:
    """Time serial runs of a task that costs next to nothing; the disk's own sync is reported beside it."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = count()

        def fresh(ending: str) -> Path:
            return Path(folder, f"{next(numbers)}.{ending}")

        ours, journal, sqlite, sync = medians(
            lambda: _ours(fresh("duckdb"), trials),
            lambda: _optuna(JournalStorage(JournalFileBackend(str(fresh("log")))), peer_trials),
            lambda: _optuna(RDBStorage(f"sqlite:///{fresh('sqlite')}"), peer_trials),
            lambda: _sync(fresh("bytes"), trials),
            repetitions=repetitions,
        )
    what = f"random search, {trials} trials, each asked and told durably; a bare synced write took {sync:.2g} ms"
    return [
        Measurement("live overhead per trial", ours, "ms", 3.0, "Optuna journal", journal, what),
        Measurement("live overhead per trial", ours, "ms", 3.0, "Optuna SQLite", sqlite, what),
    ]


def _ours(store: Path, trials: int) -> float:
    planned = plan("random", trials, executor="serial")
    return 1e3 * seconds(partial(drive, planned, SerialExecutor(), store, "each")) / trials


def _optuna(storage: RDBStorage | JournalStorage, trials: int) -> float:
    return 1e3 * seconds(partial(optimize, study("random", storage), trials, known=False)) / trials


def _sync(path: Path, times: int) -> float:
    """Return milliseconds of a 300-byte append that is synced: the least that one durable event can cost."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write() -> None:
        for _ in range(times):
            os.write(descriptor, bytes(300))
            os.fdatasync(descriptor)

    try:
        return 1e3 * seconds(write) / times
    finally:
        os.close(descriptor)
