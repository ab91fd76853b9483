"""Maintenance: what a store holds, its export, and hiding or removing runs."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_sparse.errors import StoreError, unknown
from nasbench_sparse.store import connect, schema
from nasbench_sparse.store.exported import write_export
from nasbench_sparse.store.journal import journal_path, journals, lock_journal
from nasbench_sparse.store.merge import merge, remove_empty_directory
from nasbench_sparse.store.overlay import tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Machines are described, not named.
_RUNS = {
    "tasks": (
        "FROM tasks SEMI JOIN (FROM runs SEMI JOIN chosen USING (run_id)) USING (fingerprint) ORDER BY fingerprint"
    ),
    "configs": (
        "FROM configs SEMI JOIN (SELECT fingerprint, config_key FROM trials JOIN runs USING (run_id) "
        "SEMI JOIN chosen USING (run_id)) USING (fingerprint, config_key) ORDER BY fingerprint, config_key"
    ),
    "runs": (
        "SELECT * REPLACE (json_merge_patch(provenance, '{\"host\": null}') AS provenance) "
        "FROM runs SEMI JOIN chosen USING (run_id) ORDER BY run_id"
    ),
    "trials": "FROM trials SEMI JOIN chosen USING (run_id) ORDER BY run_id, number",
}


def info(path: Path) -> dict[str, Any]:
    """Return what the store holds; see `Store.info`."""
    with tables(path) as connection:
        rows = {name: _count(connection, name) for name in schema.TABLES}
        status = connection.execute("SELECT status, count(*) FROM runs GROUP BY status ORDER BY status").fetchall()
        hidden = connection.execute("SELECT count(*) FROM runs WHERE hidden").fetchone()
    pending = journals(path)
    return {
        "path": str(path),
        "bytes": path.stat().st_size if path.exists() else 0,
        "schema_version": len(schema.MIGRATIONS),
        "journals": len(pending),
        "journal_bytes": sum(journal.stat().st_size for journal in pending),
        "rows": rows,
        "runs": dict(status),
        "hidden_runs": hidden[0] if hidden else 0,
    }


def _count(connection: DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def export(path: Path, directory: Path) -> list[Path]:
    """Write every table as Parquet, with a manifest; see `Store.export`."""
    with tables(path) as connection:
        return write_export(connection, directory, {name: f"FROM {name}" for name in schema.TABLES}, {})


def export_runs(path: Path, directory: Path, run_ids: Collection[str], made: Mapping[str, Any]) -> list[Path]:
    """Write some runs with their trials, without trainings; see `Store.export_runs`."""
    with tables(path) as connection:
        connection.execute("CREATE TEMP TABLE chosen AS SELECT unnest(?) AS run_id", [sorted(run_ids)])
        return write_export(connection, directory, _RUNS, made)


def set_hidden(path: Path, run_id: str, hidden: bool) -> None:
    """Hide a run from the visible views, or show it again; see `Store.hide`."""
    _merge_all(path)
    with connect.connect(path, read_only=False, wait=connect.READER_WAIT) as connection:
        _check_run(connection, run_id)
        connection.execute("UPDATE runs SET hidden = ? WHERE run_id = ?", [hidden, run_id])
        connection.execute("CHECKPOINT store")


def remove(path: Path, run_id: str) -> None:
    """Delete a run and its trials; see `Store.remove`."""
    _merge_all(path)
    journal = journal_path(path, run_id)
    descriptor = lock_journal(journal, create=True)  # nobody writes the run now, nor begins to
    try:
        with connect.connect(path, read_only=False, wait=connect.READER_WAIT) as connection:
            _check_run(connection, run_id)
            journal.unlink()  # first: all of it is merged, and what is left of it would bring the run back
            connection.execute("BEGIN")
            for table in ("trials", "conflicts", "runs"):
                connection.execute(f"DELETE FROM {table} WHERE run_id = ?", [run_id])
            connection.execute("COMMIT")
            connection.execute("CHECKPOINT store")
    finally:
        if journal.exists() and journal.stat().st_size == 0:
            journal.unlink()
        os.close(descriptor)
        remove_empty_directory(path)


def _merge_all(path: Path) -> None:
    if not merge(path, connect.READER_WAIT):
        raise StoreError(f"{path} is held by other processes; try again when they are done")
    if not path.exists():
        raise StoreError(f"{path} holds no run yet")


def _check_run(connection: DuckDBPyConnection, run_id: str) -> None:
    runs = [row[0] for row in connection.execute("SELECT run_id FROM runs").fetchall()]
    if run_id not in runs:
        raise StoreError(str(unknown("run", run_id, runs)))
