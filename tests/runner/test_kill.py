"""kill -9 at random moments: what resumes equals what was never interrupted."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nasbench_sparse.store import Store

SCRIPT = Path(__file__).with_name("one_run.py")
TRIALS, ROUNDS, SLEEP = 500, 20, "0.006"

# Failed attempts and live clocks hold wall time; everything else must be equal, row by row.
ROWS = """
SELECT number, kind, config_key, replicate, fidelity, parent, resumes_at, status, loss, incumbent_loss, units,
       reused, worker, CASE WHEN status = 'OK' THEN seconds END AS seconds, split_part(error, chr(10), 1) AS error
FROM trials ORDER BY number
"""
TRAININGS = "SELECT * EXCLUDE (provenance_key) FROM trainings ORDER BY ALL"


def start(store: Path, *args: str, hash_seed: str = "0") -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, str(SCRIPT), str(store), *args]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def finish(store: Path, *args: str, hash_seed: str = "0") -> float:
    """Carry a run out to its end, and return how many seconds that took once the program was ready."""
    process = start(store, *args, hash_seed=hash_seed)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    ready = time.monotonic()
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert output.endswith("done\n")
    return time.monotonic() - ready


@pytest.mark.parametrize(
    ("optimizer", "executor", "workers"), [("lahc", "serial", "1"), ("asha", "simulated", "4")]
)
def test_run_killed_at_random_moments_equals_the_uninterrupted_run(
    tmp_path: Path, optimizer: str, executor: str, workers: str
) -> None:
    args = (optimizer, executor, workers, str(TRIALS), SLEEP)
    latest = finish(tmp_path / "whole.duckdb", *args) / 4  # twenty kills, and a slow machine is left time to record
    moments = random.Random(2026)
    killed, told = tmp_path / "killed.duckdb", []
    for _ in range(ROUNDS):
        process = start(killed, *args)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0.0, latest))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        told.append(Store(killed).sql("SELECT count(told_order) FROM trials").item())
    assert told == sorted(told), "an outcome that was recorded is gone"
    assert told[-1] > 0
    finish(killed, *args)
    whole, resumed = Store(tmp_path / "whole.duckdb"), Store(killed)
    assert resumed.sql(ROWS).rows() == whole.sql(ROWS).rows()
    assert resumed.sql(TRAININGS).rows() == whole.sql(TRAININGS).rows()
    assert not list(Path(f"{killed}.journal").glob("*.jsonl")), "at rest the store is one file"


@pytest.mark.parametrize("optimizer", ["evolution", "asha"])
def test_same_seed_gives_the_same_trials_whatever_the_hash_seed(tmp_path: Path, optimizer: str) -> None:
    stores = []
    for hash_seed in ("1", "4242"):
        store = tmp_path / f"{hash_seed}.duckdb"
        finish(store, optimizer, "simulated", "3", "60", "0", hash_seed=hash_seed)
        stores.append(Store(store))
    rows = [store.sql("SELECT * EXCLUDE (error) FROM trials ORDER BY number").rows() for store in stores]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 60
