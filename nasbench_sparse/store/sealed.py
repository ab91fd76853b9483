"""Sealed SQL: one reading statement on a connection that can reach nothing but the store.

A fresh connection attaches the store read-only, folds journals into tables in memory with views over both, is then
locked (no files, no extensions, no settings, no Python variables), answers, and is closed: an attached store blocks
writers. Without journals the query runs on the store's own tables and nothing is copied.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_sparse.errors import SealedQueryError, nearest
from nasbench_sparse.store import connect, schema
from nasbench_sparse.store.fold import drop_staged, fold, stage
from nasbench_sparse.store.merge import Lines, read_all

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

_BASE, _TARGET = "store.main", "memory.pending"

_ALLOWED = "one SELECT, EXPLAIN, DESCRIBE or SHOW statement that reads the store's tables"

_LOCKDOWN = (
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)

# Rows in memory replace the store's rows of the same trial or run; other tables only grow.
_REPLACED_BY = {"trials": "run_id, number", "runs": "run_id"}


def sql(path: Path, query: str, params: Sequence[Any], timeout: float) -> pl.DataFrame:
    """Answer a query; see `Store.sql`."""
    import duckdb

    lines, damage = read_all(path)  # before the file: a merge in between may move events, never hide them
    if damage is not None:
        raise damage
    with duckdb.connect(":memory:") as connection:
        _present(connection, path, lines)
        for statement in _LOCKDOWN:
            connection.execute(statement)
        _check(connection, query)
        return _answer(connection, query, params, timeout)


def _present(connection: DuckDBPyConnection, path: Path, lines: Lines) -> None:
    """Make the tables of the store, journals included, what unqualified names mean."""
    if path.exists():
        target = str(path).replace("'", "''")
        connect.retry(
            lambda: connection.execute(f"ATTACH '{target}' AS store (READ_ONLY)"), path, connect.READER_WAIT
        )
    else:
        connection.execute("ATTACH ':memory:' AS store")
        _create_tables(connection, "store.main")
    runs = [run_id for run_id, found in lines for _ in found]
    if lines and stage(connection, runs, [line for _, found in lines for line in found], _BASE):
        _overlay(connection)
    else:
        drop_staged(connection)
        connection.execute("USE store")


def _overlay(connection: DuckDBPyConnection) -> None:
    """Fold the staged events into memory, and lay views over the store's tables and those rows."""
    connection.execute("CREATE SCHEMA memory.pending")
    _create_tables(connection, _TARGET)
    connection.execute(
        f"INSERT INTO {_TARGET}.runs FROM {_BASE}.runs WHERE run_id IN (SELECT run_id FROM events)"
    )
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
    connection.execute("USE memory.main")


def _check(connection: DuckDBPyConnection, query: str) -> None:
    """Refuse everything but one reading statement.

    Raises:
        SealedQueryError: naming what is refused.
    """
    import duckdb

    try:
        found = connection.extract_statements(query)
    except duckdb.Error as error:
        raise SealedQueryError(_first_line(error)) from error
    if len(found) != 1:
        raise SealedQueryError(f"{len(found)} statements given; allowed is {_ALLOWED}")
    kind = found[0].type
    if kind not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        raise SealedQueryError(f"a {kind.name} statement is refused; allowed is {_ALLOWED}")


def _answer(connection: DuckDBPyConnection, query: str, params: Sequence[Any], timeout: float) -> pl.DataFrame:
    import duckdb

    timer = threading.Timer(timeout, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        return connection.sql(query, params=list(params)).pl()
    except duckdb.InterruptException as error:
        raise SealedQueryError(f"the query was stopped after {timeout:g} s; ask for less, or give it longer") from error
    except duckdb.Error as error:
        raise SealedQueryError(_explain(connection, error)) from error
    finally:
        timer.cancel()


def _explain(connection: DuckDBPyConnection, error: Exception) -> str:
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
