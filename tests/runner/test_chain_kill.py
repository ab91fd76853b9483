"""kill -9 in every step of a chain: what resumes equals what was never interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

from nasbench_sparse.store import Store

SCRIPT = Path(__file__).with_name("chains.py")

QUERIES = (
    """
    SELECT run_id, number, config_key, replicate, fidelity, status, loss, incumbent_loss, units, seconds, told_at
    FROM trials ORDER BY ALL
    """,
    "SELECT * EXCLUDE (provenance_key) FROM trainings ORDER BY ALL",
    "SELECT fingerprint, name, family, derived_from, declaration FROM tasks ORDER BY ALL",
    "SELECT run_id, study, fingerprint, optimizer, options, seed, replicate, status, hidden FROM runs ORDER BY ALL",
)


def status_of(store: Path, events: int, hash_seed: int) -> int:
    """Run the chain in a process that dies after so many events; return its exit status."""
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(SCRIPT), str(store), str(events)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def test_chain_killed_in_every_step_equals_the_uninterrupted_one(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.duckdb", tmp_path / "killed.duckdb"
    assert status_of(whole, 10_000, 0) == 0
    unfinished = set[str]()
    for hash_seed in count(1):
        if status_of(killed, 13, hash_seed) == 0:
            break
        running = Store(killed).sql("SELECT DISTINCT optimizer FROM runs WHERE status = 'running'")
        unfinished |= set(running["optimizer"])
    assert unfinished == {"lahc", "random", "confirmation"}, "no step was spared"
    for query in QUERIES:
        assert Store(killed).sql(query).rows() == Store(whole).sql(query).rows()
    assert not list(Path(f"{killed}.journal").glob("*.jsonl")), "at rest the store is one file"
