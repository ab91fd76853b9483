"""Merging journals into the store, against inserting the same rows with DuckDB's `executemany`."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path

import duckdb

from benchmarks.driving import drive
from benchmarks.measurement import Measurement, medians, seconds
from benchmarks.table_task import plan, recorded
from nasbench_sparse.executors.simulated import SimulatedExecutor
from nasbench_sparse.store import Store

PEER_ROWS = 200


def measure(*, events: int = 100_000, repetitions: int = 3) -> list[Measurement]:
    """Time a merge of journals with `events` events (two for each trial), 5,000 trials in a run."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = count()
        ours, theirs = medians(
            lambda: events / _merge(Path(folder, f"{next(numbers)}.duckdb"), events // 2),
            lambda: PEER_ROWS / _executemany(Path(folder, f"{next(numbers)}.duckdb")),
            repetitions=repetitions,
        )
    what = f"{events} events of simulated runs into a new store; peer {PEER_ROWS} rows of 6 columns"
    return [Measurement("store merge", ours, "events/s", None, "DuckDB executemany", theirs, what)]


def _merge(path: Path, trials: int) -> float:
    for seed, start in enumerate(range(0, trials, 5000)):
        planned = plan("random", min(5000, trials - start), seed=seed)
        drive(planned, SimulatedExecutor(), path, "batch", recorded())
    return seconds(Store(path).merge)


def _executemany(path: Path) -> float:
    rows = [("run", number, "key", 9, 0.5, 1.0) for number in range(PEER_ROWS)]
    with duckdb.connect(str(path)) as connection:
        columns = (
            "run_id VARCHAR, number INTEGER, config_key VARCHAR, fidelity INTEGER, loss DOUBLE, seconds DOUBLE"
        )
        connection.execute(f"CREATE TABLE trials ({columns}, PRIMARY KEY (run_id, number))")
        return seconds(lambda: connection.executemany("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?)", rows))
