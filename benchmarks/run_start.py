"""What a run costs beyond its trials: a short run, and a study of short runs."""

from __future__ import annotations

import tempfile
from functools import partial
from itertools import count
from pathlib import Path

from optuna.storages import RDBStorage

import nasbench_sparse as nbs
from benchmarks.measurement import Measurement, medians, seconds
from benchmarks.optuna_peer import optimize, study
from benchmarks.table_task import TASK, plan
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store

TRIALS = 30


def measure(*, runs: int = 20, repetitions: int = 5) -> list[Measurement]:
    """Time one run of 30 trials whose results are in the store, and each of `runs` such runs in one study."""
    with tempfile.TemporaryDirectory() as folder:
        table, place, numbers = Path(folder, "table.duckdb"), Path(folder), count(1)
        nbs.run(TASK, "grid", trials=TASK.space.size, store=table)
        single, studied, peer = medians(
            lambda: 1e3 * seconds(partial(_run, table, next(numbers))),
            lambda: 1e3 * seconds(partial(_study, table, [next(numbers) for _ in range(runs)])) / runs,
            lambda: 1e3 * seconds(partial(_sqlite, place / f"{next(numbers)}.sqlite")),
            repetitions=repetitions,
        )
    one = f"nbs.run of {TRIALS} serial trials, results known; peer's study of as many, from creating it"
    many = f"one study of {runs} runs of {TRIALS} serial trials, all results known"
    return [
        Measurement("a short run", single, "ms", None, "Optuna SQLite study", peer, one),
        Measurement("a short run in a study", studied, "ms", None, "Optuna SQLite study", peer, many),
    ]


def _run(table: Path, seed: int) -> None:
    nbs.run(TASK, "random", seed=seed, trials=TRIALS, store=table)


def _study(table: Path, seeds: list[int]) -> None:
    Study(Store(table)).run([plan("random", TRIALS, seed=seed, executor="serial") for seed in seeds])


def _sqlite(path: Path) -> None:
    optimize(study("random", RDBStorage(f"sqlite:///{path}")), TRIALS, known=True)
