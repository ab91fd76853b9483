"""Loading a table of a million curve points: time, memory, and looking up in it; Syne Tune on the same table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from benchmarks import syne_tune_peer
from benchmarks.made_tables import made_table, made_task
from benchmarks.measurement import Measurement
from nasbench_sparse.tabular.parquet import export_table
from nasbench_sparse.tabular.table import Table

GENES = 7
EPOCHS = 50
MIB = 2**20


def measure(*, configs: int = 20_000, lookups: int = 2000, repetitions: int = 5) -> list[Measurement]:
    """Load a table in fresh processes, ours and the peer's in turn; both have imported what they read it with."""
    table = made_table(made_task("table-loading", genes=GENES, epochs=EPOCHS), configs)
    numbers, rows = table.curves.values.nbytes / MIB, len(table.curves.values)
    with tempfile.TemporaryDirectory() as folder, syne_tune_peer.written(table) as theirs:
        export_table(table, Path(folder, "table"), {})
        del table
        rounds = [(_ours(Path(folder, "table"), lookups), _theirs(theirs, lookups)) for _ in range(repetitions)]
    ours = {key: median(our[key] for our, _ in rounds) for key in rounds[0][0]}
    peer = {key: median(their[key] for _, their in rounds) for key in rounds[0][1]}
    name = syne_tune_peer.NAME if peer else ""
    what = f"{rows:,} rows of 7 numbers ({numbers:.3g} MiB), in a fresh process"
    memory = f"{what}; what loading adds to resident memory; the peer keeps 32 bits of each"
    return [
        Measurement(
            "load a table",
            ours["seconds"],
            "s",
            1.0,
            name,
            peer.get("seconds"),
            f"{what}; ours checks all, the peer keeps 32 bits of each",
        ),
        Measurement("memory of a table", ours["resident"], "MiB", 2 * numbers, name, peer.get("resident"), memory),
        Measurement(
            "table lookup",
            1e6 * ours["lookup"],
            "us",
            10.0,
            name,
            _micro(peer.get("lookup")),
            f"{what}, at epoch 3",
        ),
    ]


def _micro(seconds: float | None) -> float | None:
    return None if seconds is None else 1e6 * seconds


def _ours(folder: Path, lookups: int) -> Mapping[str, float]:
    command = [sys.executable, "-m", "benchmarks.table_loading", str(folder), str(lookups)]
    here = Path(__file__).parents[1]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=here)
    found: Mapping[str, float] = json.loads(done.stdout)
    return found


def _theirs(folder: Path | None, lookups: int) -> Mapping[str, float]:
    if folder is None:
        return {}
    with syne_tune_peer.process() as peer:
        return {**peer.ask("load", folder=str(folder)), "lookup": peer.ask("lookup", lookups=lookups)["seconds"]}


def _load(folder: str, lookups: int) -> dict[str, float]:
    import pyarrow.parquet  # noqa: F401

    task = made_task("table-loading", genes=GENES, epochs=EPOCHS)
    before, start = _resident(), perf_counter()
    table = Table.load(folder, task=task)
    seconds, resident = perf_counter() - start, _resident() - before
    configs = list(islice(cycle(table.configs), lookups))
    start = process_time()
    for config in configs:
        table.query(config, 3)
    return {"seconds": seconds, "resident": resident, "lookup": (process_time() - start) / lookups}


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


if __name__ == "__main__":
    print(json.dumps(_load(sys.argv[1], int(sys.argv[2]))))
