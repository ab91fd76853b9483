"""Ten times the simulated trials take ten times as long, in ASHA's rungs too; Syne Tune on the same table."""

from __future__ import annotations

import tempfile
from itertools import count, pairwise
from pathlib import Path
from time import process_time

from benchmarks import syne_tune_peer
from benchmarks.driving import drive
from benchmarks.made_tables import made_table, made_task
from benchmarks.measurement import Measurement, medians
from benchmarks.syne_tune_peer import Peer
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.executors.simulated import SimulatedExecutor
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.runner.plan import plan_run
from nasbench_sparse.tabular.table import Table

OPTIMIZERS = ("random", "asha")
WORKERS = 4


def measure(
    *, shortest: int = 1000, longest: int = 10_000, peer_longest: int = 1000, genes: int = 5, repetitions: int = 3
) -> list[Measurement]:
    """Compare the processor time of runs of `shortest` trials, ten times as many, and so on up to `longest`."""
    table = made_table(made_task("simulated-scaling", genes=genes, epochs=9))
    sizes = [shortest]
    while sizes[-1] * 10 <= longest:
        sizes.append(sizes[-1] * 10)
    found = []
    with tempfile.TemporaryDirectory() as folder, syne_tune_peer.started(table) as peer:
        for name in OPTIMIZERS:
            theirs = [size for size in sizes if peer is not None and size <= peer_longest]
            rates = _rates(name, table, Path(folder), peer, sizes, theirs, repetitions)
            found += _measurements(
                name,
                dict(zip(sizes, rates, strict=False)),
                dict(zip(theirs, rates[len(sizes) :], strict=True)),
                table,
            )
    return found


def _rates(
    name: str, table: Table, folder: Path, peer: Peer | None, ours: list[int], theirs: list[int], repetitions: int
) -> list[float]:
    """Return trials for each second of processor time: ours of all sizes, then the peer's."""
    seeds = count()
    contenders = [lambda n=n: n / _seconds(name, table, n, next(seeds), folder) for n in ours]  # type: ignore[misc]
    if peer is not None:
        contenders += [
            lambda n=n: n / peer.ask("simulate", optimizer=name, trials=n, seed=next(seeds))["cpu"]  # type: ignore[misc]
            for n in theirs
        ]
    return medians(*contenders, repetitions=repetitions)


def _seconds(name: str, table: Table, trials: int, seed: int, folder: Path) -> float:
    planned = plan_run(
        table.task,
        load_optimizer(name),
        Budget("trials", trials),
        seed=seed,
        workers=WORKERS,
        executor="simulated",
    )
    start = process_time()
    drive(planned, SimulatedExecutor(WORKERS), folder / "scaling.duckdb", "batch", table.evaluations)
    return process_time() - start


def _measurements(name: str, ours: dict[int, float], theirs: dict[int, float], table: Table) -> list[Measurement]:
    peer = syne_tune_peer.NAME if theirs else ""
    what = f"{WORKERS} workers, {len(table.keys)} configs of {table.task.fidelity.max} epochs; of processor time"
    found = [
        Measurement(
            f"{size:,} simulated trials, {name}",
            rate,
            "trials/s",
            5700,
            peer if size in theirs else "",
            theirs.get(size),
            what,
        )
        for size, rate in ours.items()
    ]
    for short, long in pairwise(ours):
        ratio = 10 * ours[short] / ours[long]
        their = 10 * theirs[short] / theirs[long] if long in theirs else None
        time = f"processor time of {long:,} over that of {short:,} trials; 10 is linear"
        found.append(
            Measurement(
                f"{long:,} / {short:,} trials, {name}", ratio, "x time", None, peer if their else "", their, time
            )
        )
    return found
