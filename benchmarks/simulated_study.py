"""A study of cheap optimizers on tables, on two processes; Syne Tune's time for as many runs of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from unittest.mock import patch

from benchmarks import syne_tune_peer
from benchmarks.made_tables import made_table, made_task
from benchmarks.measurement import Measurement, seconds
from benchmarks.syne_tune_peer import Peer
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.task import Task
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.runner.plan import PlannedRun, plan_run
from nasbench_sparse.runner.resources import Resources
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.parquet import export_table
from nasbench_sparse.tabular.places import VARIABLE
from nasbench_sparse.tabular.results import TabularResults

OPTIMIZERS = ("random", "lahc", "sa", "evolution", "asha")
PROCESSES = 2


def measure(
    *, tasks: int = 9, seeds: int = 20, trials: int = 200, peer_runs: int = 10, repetitions: int = 1
) -> list[Measurement]:
    """Time `Study.run` from planned runs to a merged store, and the peer's random search of as many trials."""
    tables = [made_table(made_task(f"simulated-study-{i}", genes=4, epochs=9 + i)) for i in range(tasks)]
    plans = _plans([table.task for table in tables], seeds, trials)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder, syne_tune_peer.started(tables[0]) as peer:
        for table in tables:
            export_table(table, Path(folder, "tables", table.task.name), {})
        with patch.dict(os.environ, {VARIABLE: str(Path(folder, "tables"))}):
            for number in range(repetitions):
                ours.append(seconds(partial(_study, Path(folder, f"{number}.duckdb"), plans)))
                if peer is not None:
                    theirs.append(_peer(peer, peer_runs, trials) * len(plans) / PROCESSES)
    what = (
        f"{len(OPTIMIZERS)} optimizers x {tasks} tables x {seeds} seeds x {trials} trials, {PROCESSES} processes, "
        f"merged; peer: {peer_runs} runs of random search, scaled as if processes shared {len(plans)} evenly"
    )
    name, value = (syne_tune_peer.NAME, median(theirs)) if theirs else ("", None)
    return [Measurement(f"a study of {len(plans)} simulated runs", median(ours), "s", 60.0, name, value, what)]


def _plans(tasks: Sequence[Task], seeds: int, trials: int) -> list[PlannedRun]:
    budget = Budget("trials", trials)
    return [
        plan_run(task, load_optimizer(name), budget, seed=seed, workers=4, executor="simulated")
        for task in tasks
        for name in OPTIMIZERS
        for seed in range(seeds)
    ]


def _study(path: Path, plans: Sequence[PlannedRun]) -> None:
    study = Study(Store(path), Resources(slots=PROCESSES), recorded=TabularResults())
    report = study.run(plans)
    if len(report.finished) != len(plans):
        raise RuntimeError(f"{len(plans) - len(report.finished)} runs did not finish: {report.failed}")


def _peer(peer: Peer, runs: int, trials: int) -> float:
    """Return the mean wall seconds of a run."""
    walls = [peer.ask("simulate", optimizer="random", trials=trials, seed=seed)["wall"] for seed in range(runs)]
    return sum(walls) / runs
