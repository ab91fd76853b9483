"""Combining: everything another store holds is added to this one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import connect
from nasbench_sparse.store.encode import decode_line
from nasbench_sparse.store.exported import attach_export
from nasbench_sparse.store.merge import Lines, fold_all, merge, read_all

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_KEYS = {
    "tasks": "fingerprint",
    "configs": "fingerprint, config_key",
    "provenances": "provenance_key",
    "trainings": "fingerprint, config_key, replicate, fold, step",
    "search_steps": "fingerprint, config_key, replicate",
}

# A run that comes along was told its own store's values: where this store has others, they are kept for it.
_CONFLICTS = (
    """
    INSERT INTO store.conflicts
    SELECT t.run_id, o.*, NULL
    FROM other.trainings AS o JOIN store.trainings AS m USING (fingerprint, config_key, replicate, fold, step)
    JOIN (
        SELECT DISTINCT run_id, fingerprint, config_key, t.replicate
        FROM other.trials AS t JOIN other.runs AS r USING (run_id) WHERE run_id IN (SELECT run_id FROM coming)
    ) AS t USING (fingerprint, config_key, replicate)
    WHERE (o.status, o.train_loss, o.val_loss, o.val_accuracy, o.test_loss, o.test_accuracy, o.density, o.metrics)
        IS DISTINCT FROM
        (m.status, m.train_loss, m.val_loss, m.val_accuracy, m.test_loss, m.test_accuracy, m.density, m.metrics)
    """,
    """
    INSERT INTO store.conflicts
        (run_id, fingerprint, config_key, replicate, step, phase, status, seconds, provenance_key, outcome)
    SELECT t.run_id, fingerprint, config_key, replicate, o.step, 'search step', o.status, o.seconds,
           o.provenance_key, o.outcome
    FROM other.search_steps AS o JOIN store.search_steps AS m USING (fingerprint, config_key, replicate)
    JOIN (
        SELECT DISTINCT run_id, fingerprint, config_key, t.replicate
        FROM other.trials AS t JOIN other.runs AS r USING (run_id) WHERE run_id IN (SELECT run_id FROM coming)
    ) AS t USING (fingerprint, config_key, replicate)
    WHERE (o.status, o.derived_key) IS DISTINCT FROM (m.status, m.derived_key)
    """,
)


def merge_from(path: Path, other: Path) -> dict[str, int]:
    """Add another store; see `Store.merge_from`."""
    if path.resolve() == other.resolve():
        raise StoreError(f"{path} cannot be merged into itself")
    if not merge(path, connect.READER_WAIT):
        raise StoreError(f"{path} is held by other processes; try again when they are done")
    lines, damage = read_all(other)
    if damage is not None:
        raise damage
    if not path.exists():
        connect.create(path)
    with connect.connect(path, read_only=False, wait=connect.READER_WAIT) as connection:
        before = _sizes(connection)
        events = dict(connection.execute("SELECT run_id, events FROM runs").fetchall())
        if other.exists():
            _copy_file(connection, other, lines)
        ahead = [(run_id, found) for run_id, found in lines if _last(found) > events.get(run_id, -1)]
        fold_all(connection, ahead)
        after = _sizes(connection)
    return {name: after[name] - before[name] for name in after}


def _copy_file(connection: DuckDBPyConnection, other: Path, lines: Lines) -> None:
    """Copy shared rows that are new, and the runs of which the other store knows more, in one transaction."""
    if other.is_dir():
        attach_export(connection, other, "other")
    else:
        connect.attach(connection, other, "other", read_only=True, wait=connect.READER_WAIT)
    connection.execute("CREATE TEMP TABLE pending (run_id VARCHAR, events BIGINT)")
    for run_id, found in lines:
        connection.execute("INSERT INTO pending VALUES (?, ?)", [run_id, _last(found)])
    connection.execute(
        """
        CREATE TEMP TABLE coming AS
        SELECT run_id FROM other.runs AS o LEFT JOIN store.runs AS m USING (run_id)
        LEFT JOIN pending AS p USING (run_id)
        WHERE greatest(o.events, p.events) > coalesce(m.events, -1)
        """
    )
    connection.execute("BEGIN")
    for statement in _CONFLICTS:
        connection.execute(statement)
    for table, key in _KEYS.items():
        connection.execute(
            f"INSERT INTO store.{table} BY NAME FROM other.{table} ANTI JOIN store.{table} USING ({key})"
        )
    for table in ("runs", "trials"):
        connection.execute(f"DELETE FROM store.{table} WHERE run_id IN (SELECT run_id FROM coming)")
        connection.execute(f"INSERT INTO store.{table} BY NAME FROM other.{table} SEMI JOIN coming USING (run_id)")
    connection.execute("INSERT INTO store.conflicts BY NAME FROM other.conflicts SEMI JOIN coming USING (run_id)")
    connection.execute("COMMIT")
    connection.execute("DROP TABLE coming; DROP TABLE pending; DETACH other")


def _last(lines: list[bytes]) -> int:
    return int(decode_line(lines[-1])["seq"])


def _sizes(connection: DuckDBPyConnection) -> dict[str, int]:
    """Return how many rows the tables have that tell what a merge brought."""
    sizes = {}
    for table in ("runs", "trials", "trainings", "search_steps", "conflicts"):
        row = connection.execute(f"SELECT count(*) FROM store.{table}").fetchone()
        sizes[table] = int(row[0]) if row else 0
    return sizes
