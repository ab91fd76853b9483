"""A leaderboard of a large store: queries, ranks, command; beside a plain group-by of DuckDB over its trials."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import orjson

import nasbench_sparse as nbs
from benchmarks.measurement import Measurement, medians, seconds
from benchmarks.table_task import TASK
from nasbench_sparse.leaderboard.board import read_board
from nasbench_sparse.leaderboard.results import read_results
from nasbench_sparse.store import Store

OPTIMIZERS = ("random", "lahc", "sa", "evolution", "asha")
TRIALS_PER_RUN = 1000
BUDGETED = 10_000_000
"""Trials that the budget is for; smaller boards are not judged by it."""

_RUNS = """
INSERT INTO runs BY NAME
SELECT printf('%016x', i) AS run_id, 'study' AS study, ? AS fingerprint, list_extract(?, 1 + i % 5) AS optimizer,
       '{}' AS options, '0.1.0' AS source_hash, i // 5 AS seed, 0 AS replicate, '{"trials": 1000}' AS budget,
       '{"trials": 1000, "epochs": 9000, "evaluations": 1000, "optimizer_seconds": 1.0}' AS spent, 1 AS workers,
       'simulated' AS executor, 'finished' AS status, '2026-01-01T00:00:00+00:00' AS started,
       '2026-01-01T01:00:00+00:00' AS ended, '{}' AS provenance, false AS hidden, 2001 AS events
FROM range(?) AS t(i)
"""

_TRIALS = """
INSERT INTO trials BY NAME
SELECT printf('%016x', i // 1000) AS run_id, i % 1000 AS number, 'trial' AS kind,
       printf('%016x', hash(i) % 625) AS config_key, 0 AS replicate, 9 AS fidelity, 0 AS resumes_at, 'OK' AS status,
       (hash(i) % 1000003) / 1000003.0 AS loss, 0.1 AS incumbent_loss, 9 AS units, 10.0 AS seconds,
       i % 1000 AS asked_at, i % 1000 + 1 AS told_at, 'worker-0' AS worker, true AS reused,
       2 * (i % 1000) AS asked_order, 2 * (i % 1000) + 1 AS told_order
FROM range(?) AS t(i)
"""

_GROUP_BY = "SELECT run_id, min(loss), sum(units), count(*) FROM trials WHERE status = 'OK' GROUP BY run_id"


def measure(*, trials: int = 1_000_000, repetitions: int = 3) -> list[Measurement]:
    """Time queries, board and command over `trials` trials of runs of 1,000; the file is in the system's cache."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "board.duckdb")
        _fill(path, max(1, trials // TRIALS_PER_RUN))
        store = Store(path)
        queries = read_results(store).queries.values()
        asked, ranked, printed, theirs = medians(
            lambda: seconds(lambda: [store.sql(query) for query in queries]),
            lambda: seconds(lambda: read_board(store)),
            lambda: seconds(lambda: _command(path)),
            lambda: seconds(lambda: _peer(path)),
            repetitions=repetitions,
        )
    in_budget = trials >= BUDGETED
    size = f"{trials:,} trials, 5 optimizers"
    peer = "DuckDB group-by"
    return [
        Measurement("leaderboard: its queries", asked, "s", 1.0 if in_budget else None, peer, theirs, size),
        Measurement("leaderboard: to ranks", ranked, "s", None, peer, theirs, f"{size}; from the file to scores"),
        Measurement(
            "leaderboard: the command",
            printed,
            "s",
            5.0 if in_budget else None,
            peer,
            theirs,
            f"{size}; a fresh interpreter, tests and intervals included",
        ),
    ]


def _fill(path: Path, runs: int) -> None:
    nbs.run(TASK, "random", trials=1, store=path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM trials")
        connection.execute("DELETE FROM runs")
        connection.execute("UPDATE tasks SET declaration = ?", [orjson.dumps(TASK.declaration).decode()])
        connection.execute(_RUNS, [TASK.fingerprint, list(OPTIMIZERS), runs])
        connection.execute(_TRIALS, [runs * TRIALS_PER_RUN])
        connection.execute("CHECKPOINT")


def _command(path: Path) -> None:
    command = [sys.executable, "-m", "nasbench_sparse", "leaderboard", "--store", path]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _peer(path: Path) -> None:
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute(_GROUP_BY).fetchall()
