"""A report on a few hundred of the shipped runs, in a fresh interpreter: two processes, and one alone."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.measurement import Measurement, seconds
from nasbench_sparse.registry import load_suite
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.baselines import add_baselines

TASKS = ("mnist5k-taper-operators-90", "mnist5k-taper-operators-95", "mnist5k-taper-operators-98")
RUNS = "SELECT count(*) FROM runs JOIN tasks USING (fingerprint) WHERE name IN (SELECT unnest(?))"
PROGRAM = """
import sys
from nasbench_sparse.leaderboard.report import build_report
from nasbench_sparse.store import Store

store, directory, processes, *tasks = sys.argv[1:]
build_report(Store(store), directory, tasks=tasks, processes=int(processes))
"""


def measure(*, tasks: int = 3, repetitions: int = 3) -> list[Measurement]:
    """Time interpreter, imports, statistics, page, and every figure as SVG and PDF; both take turns."""
    chosen = TASKS[:tasks]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder, "results.duckdb"))
        add_baselines(store, load_suite("tabular"))
        runs = store.sql(RUNS, (list(chosen),)).item()
        build = partial(_build, store.path, Path(folder, "report"), chosen)
        times = [[seconds(partial(build, processes)) for processes in (2, 1)] for _ in range(repetitions)]
        size = Path(folder, "report", "index.html").stat().st_size / 1e6
    two, one = (median(column) for column in zip(*times, strict=True))
    what = f"{runs} shipped runs on {tasks} tasks; the page has {size:.1f} MB"
    return [Measurement("report", two, "s", 10.0, "one process", one, what)]


def _build(store: Path, directory: Path, tasks: Sequence[str], processes: int) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM, store, directory, str(processes), *tasks], check=True)
