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
from benchmarks.table_task import TASK, plan
from nasbench_sparse.executors.serial import SerialExecutor


def measure(*, trials: int = 200, repetitions: int = 5) -> list[Measurement]:
    """Time serial runs of a task that costs next to nothing; the disk's own sync is reported beside it."""
    with tempfile.TemporaryDirectory() as folder:
        place, numbers = Path(folder), count()
        ours, journal, sqlite, sync = medians(
            lambda: _ours(place, trials, next(numbers)),
            lambda: _journal(place / f"{next(numbers)}.log", trials),
            lambda: _sqlite(place / f"{next(numbers)}.sqlite", trials),
            lambda: _sync(place / "bytes", trials),
            repetitions=repetitions,
        )
    what = f"{trials} trials of random search, each asked and told durably; a plain synced write {sync:.2g} ms"
    return [
        Measurement("live overhead per trial", ours, "ms", 3.0, "Optuna journal", journal, what),
        Measurement("live overhead per trial", ours, "ms", 3.0, "Optuna SQLite", sqlite, what),
    ]


def _ours(place: Path, trials: int, seed: int) -> float:
    planned = plan("random", trials, seed=seed, executor="serial")
    return 1e3 * seconds(partial(drive, planned, SerialExecutor(), place / "live.duckdb", "each")) / trials


def _journal(path: Path, trials: int) -> float:
    peer = study("random", JournalStorage(JournalFileBackend(str(path))))
    return 1e3 * seconds(partial(optimize, peer, TASK, trials)) / trials


def _sqlite(path: Path, trials: int) -> float:
    peer = study("random", RDBStorage(f"sqlite:///{path}"))
    return 1e3 * seconds(partial(optimize, peer, TASK, trials)) / trials


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
