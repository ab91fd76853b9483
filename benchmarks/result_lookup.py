"""Looking up a recorded result, against a point query of DuckDB."""

from __future__ import annotations

from itertools import cycle, islice

import duckdb

from benchmarks.measurement import Measurement, medians, seconds
from benchmarks.table_task import TASK, recorded
from nasbench_sparse.runner.results import KnownResults
from nasbench_sparse.testing.problems import make_trial


def measure(*, lookups: int = 5000, peer_lookups: int = 200, repetitions: int = 5) -> list[Measurement]:
    """Time finding results at the full fidelity and cut at a lower one; the table is loaded."""
    results = KnownResults(recorded())
    configs = list(TASK.space.grid(1))
    full = list(islice(cycle(make_trial(TASK, config) for config in configs), lookups))
    low = list(islice(cycle(make_trial(TASK, config, fidelity=3) for config in configs), lookups))
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE points (key VARCHAR PRIMARY KEY, loss DOUBLE)")
        rows = ", ".join(f"('{key}', {e.curves[0][-1].val_loss})" for (key, _), e in recorded().items())
        connection.execute(f"INSERT INTO points VALUES {rows}")

        def peer() -> None:
            for trial in full[:peer_lookups]:
                connection.execute("SELECT loss FROM points WHERE key = ?", [trial.config_key]).fetchone()

        whole, cut, theirs = medians(
            lambda: 1e6 * seconds(lambda: [results.find(trial) for trial in full]) / len(full),
            lambda: 1e6 * seconds(lambda: [results.find(trial) for trial in low]) / len(low),
            lambda: 1e6 * seconds(peer) / min(peer_lookups, len(full)),
            repetitions=repetitions,
        )
    what = f"{lookups} lookups among {len(results)} results of 9 points"
    return [
        Measurement("lookup, full fidelity", whole, "us", 10.0, "DuckDB point query", theirs, what),
        Measurement("lookup, cut at fidelity 3", cut, "us", 10.0, "DuckDB point query", theirs, what),
    ]
