"""Reading tables with journals as if merged: the store's tables, with views over them where events are pending.

Without pending events nothing is copied: queries run on the attached store itself. Attached read-only, the store
blocks writers, so a connection is for one query or so.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_sparse.errors import NbsWarning
from nasbench_sparse.store import connect, schema
from nasbench_sparse.store.fold import drop_staged, fold, stage
from nasbench_sparse.store.journal import journals, read_sound
from nasbench_sparse.store.merge import Lines

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_BASE, _TARGET = "store.main", "memory.pending"

# Rows in memory replace the store's rows of the same trial or run; other tables only grow.
_REPLACED_BY = {"trials": "run_id, number", "runs": "run_id"}


@contextmanager
def tables(path: Path) -> Iterator[DuckDBPyConnection]:
    """Open a connection on which the names of tables and views mean the store's, journals included.

    Of a damaged journal only what comes before the damage is read, and a warning says so.
    """
    lines = _sound_lines(path)  # before the file: a merge in between may move events, never hide them
    with _store(path) as connection:
        runs = [run_id for run_id, found in lines for _ in found]
        if lines and stage(connection, runs, [line for _, found in lines for line in found], _BASE):
            _overlay(connection)
        else:
            drop_staged(connection)
        yield connection


def _sound_lines(path: Path) -> Lines:
    lines: Lines = []
    for journal in journals(path):
        found, damage = read_sound(journal)
        if damage is not None:
            warnings.warn(f"{damage}; until then what comes before it is read", NbsWarning, stacklevel=1)
        if found:
            lines.append((journal.stem, found))
    return lines


@contextmanager
def _store(path: Path) -> Iterator[DuckDBPyConnection]:
    """Open the store's file, or an empty store in memory where there is no file yet."""
    if path.exists():
        with connect.connect(path, read_only=True, wait=connect.READER_WAIT) as connection:
            yield connection
    else:
        with connect.in_memory() as connection:
            connection.execute("ATTACH ':memory:' AS store")
            _create_tables(connection, _BASE)
            connection.execute("USE store")
            yield connection


def _overlay(connection: DuckDBPyConnection) -> None:
    """Fold the staged events into memory, and lay views over the store's tables and those rows."""
    connection.execute("CREATE SCHEMA memory.pending")
    _create_tables(connection, _TARGET)
    connection.execute(f"INSERT INTO {_TARGET}.runs FROM {_BASE}.runs WHERE run_id IN (SELECT run_id FROM events)")
    connection.execute(
        f"""
        INSERT INTO {_TARGET}.trials FROM {_BASE}.trials SEMI JOIN (
            FROM (FROM events WHERE event = 'told') ANTI JOIN (FROM events WHERE event = 'asked')
            USING (run_id, number)
        ) USING (run_id, number)
        """
    )
    fold(connection, _BASE, _TARGET)
    connection.execute("USE memory.main")
    for table in schema.TABLES:
        replaced = f"ANTI JOIN {_TARGET}.{table} USING ({_REPLACED_BY[table]})" if table in _REPLACED_BY else ""
        connection.execute(
            f"CREATE VIEW {table} AS FROM {_BASE}.{table} {replaced} UNION ALL FROM {_TARGET}.{table}"
        )
    for statement in schema.statements(schema.VIEWS):
        connection.execute(statement)


def _create_tables(connection: DuckDBPyConnection, where: str) -> None:
    connection.execute(f"USE {where}")
    for migration in schema.MIGRATIONS:
        for statement in schema.statements(migration):
            connection.execute(statement)
