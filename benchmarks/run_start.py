"""What a run costs beyond its trials: a short run, and a study of short runs."""

from __future__ import annotations

import tempfile
from functools import partial
from itertools import count
from pathlib import Path

from optuna.storages import RDBStorage

import nasbench_sparse as nbs
from benchmarks.driving import fill
from benchmarks.measurement import Measurement, medians, seconds
from benchmarks.optuna_peer import optimize, study
from benchmarks.table_task import TASK, plan
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store


def measure(*, runs: int = 20, trials: int = 30, repetitions: int = 5) -> list[Measurement]:
    """Time one run whose results are in the store, and each of `runs` such runs in one study."""
    with tempfile.TemporaryDirectory() as folder:
        table, numbers = fill(Path(folder, "table.duckdb")), count(1)
        single, simulated, studied, peer = medians(
            lambda: seconds(partial(_run, table, next(numbers), trials, "serial")),
            lambda: seconds(partial(_run, table, next(numbers), trials, "simulated")),
            lambda: seconds(partial(_study, table, [next(numbers) for _ in range(runs)], trials)) / runs,
            lambda: seconds(partial(_sqlite, Path(folder, f"{next(numbers)}.sqlite"), trials)),
            repetitions=repetitions,
        )
    one = f"nbs.run of {trials} trials, results known; peer: a study of as many, from creating it"
    many = f"one study of {runs} serial runs of {trials} trials, results known"
    name = "Optuna SQLite study"
    return [
        Measurement("a short run, serial", 1e3 * single, "ms", None, name, 1e3 * peer, one),
        Measurement("a short run, simulated", 1e3 * simulated, "ms", None, name, 1e3 * peer, one),
        Measurement("a short run in a study", 1e3 * studied, "ms", None, name, 1e3 * peer, many),
    ]


def _run(table: Path, seed: int, trials: int, executor: str) -> None:
    nbs.run(TASK, "random", seed=seed, trials=trials, store=table, executor=executor)


def _study(table: Path, seeds: list[int], trials: int) -> None:
    Study(Store(table)).run([plan("random", trials, seed=seed, executor="serial") for seed in seeds])


def _sqlite(path: Path, trials: int) -> None:
    optimize(study("random", RDBStorage(f"sqlite:///{path}")), trials, known=True)
