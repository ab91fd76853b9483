"""Simulated trials a second, recorded durably batch by batch: the loop alone, whole runs, and two processes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import nasbench_sparse as nbs
from benchmarks.driving import drive, fill
from benchmarks.measurement import Measurement, medians, seconds
from benchmarks.optuna_peer import optimize, study
from benchmarks.table_task import TASK, plan, recorded
from nasbench_sparse.executors.simulated import SimulatedExecutor

OPTIMIZERS = ("random", "asha")
PEER = "Optuna random, memory"


def measure(*, trials: int = 10_000, peer_trials: int = 500, repetitions: int = 5) -> list[Measurement]:
    """Time runs of `trials` trials with four simulated workers against Optuna's loop, which records nothing."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2, get_context("spawn")) as pool:
        table = fill(Path(folder, "table.duckdb"))
        seeds = count()
        contenders: list[Callable[[], float]] = [
            *(lambda name=name: loop_rate(name, trials, Path(folder), next(seeds)) for name in OPTIMIZERS),
            lambda: _whole_rate(trials, table, next(seeds)),
            lambda: _two_processes(pool, trials, Path(folder), seeds),
            lambda: peer_trials / seconds(partial(optimize, study("random"), peer_trials, known=True)),
        ]
        random, asha, whole, two, peer = medians(*contenders, repetitions=repetitions)
    loop = f"{trials} trials, 4 workers, all results known; ask to tell, journal flushed by batch; no merge"
    run = f"nbs.run of {trials} trials: also reading the store, merging the journal and reading the trials back"
    both = f"two processes with a run of {trials} trials each, into one store; started before"
    return [
        Measurement("simulated trials, random", random, "trials/s", 5700, PEER, peer, loop),
        Measurement("simulated trials, ASHA", asha, "trials/s", 5700, PEER, peer, loop),
        Measurement("simulated trials, nbs.run", whole, "trials/s", 5700, PEER, peer, run),
        Measurement("simulated trials, two processes", two, "trials/s", 20_000, PEER, peer, both),
    ]


def loop_rate(optimizer: str, trials: int, folder: Path, seed: int) -> float:
    """Return simulated trials for each second of the loop."""
    planned, known = plan(optimizer, trials, seed=seed, workers=4), recorded()
    run = partial(drive, planned, SimulatedExecutor(4), folder / "loop.duckdb", "batch", known)
    return trials / seconds(run)


def _whole_rate(trials: int, table: Path, seed: int) -> float:
    run = partial(nbs.run, TASK, "random", seed=seed, trials=trials, store=table, executor="simulated", workers=4)
    return trials / seconds(run)


def _two_processes(pool: ProcessPoolExecutor, trials: int, folder: Path, seeds: count[int]) -> float:
    list(pool.map(_warm, range(2)))

    def both() -> None:
        jobs = [pool.submit(loop_rate, "random", trials, folder, 1000 + next(seeds)) for _ in range(2)]
        for job in jobs:
            job.result()

    return 2 * trials / seconds(both)


def _warm(_: int) -> int:
    return len(recorded())
