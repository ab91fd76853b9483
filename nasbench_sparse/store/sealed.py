"""Sealed SQL: one reading statement on a connection that can reach nothing but the store.

A fresh connection shows the store's tables, is then locked (no files, no extensions, no settings, no Python
variables), answers one statement, and is closed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_sparse.errors import SealedQueryError, nearest
from nasbench_sparse.store.overlay import tables

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

_ALLOWED = "one SELECT, EXPLAIN, DESCRIBE or SHOW statement that reads the store's tables"

_LOCKDOWN = (
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)

# What precedes the statement that EXPLAIN is about; ANALYZE carries that statement out.
_EXPLAIN = re.compile(r"\s*explain(\s+analyze\b)?(\s*\([^)]*\))?", re.IGNORECASE)


def sql(path: Path, query: str, params: Sequence[Any], timeout: float) -> pl.DataFrame:
    """Answer a query; see `Store.sql`."""
    with tables(path) as connection:
        for statement in _LOCKDOWN:
            connection.execute(statement)
        _check(connection, query)
        return _answer(connection, query, params, timeout)


def _check(connection: DuckDBPyConnection, query: str) -> None:
    """Refuse everything but one reading statement.

    Raises:
        SealedQueryError: naming what is refused.
    """
    kind, text = _only_statement(connection, query)
    if kind == "EXPLAIN":
        kind, _ = _only_statement(connection, _EXPLAIN.sub("", text, count=1))
    if kind != "SELECT":
        raise SealedQueryError(f"the {kind} statement is refused; allowed is {_ALLOWED}")


def _only_statement(connection: DuckDBPyConnection, query: str) -> tuple[str, str]:
    """Return kind and text of the one statement of a query."""
    import duckdb

    try:
        found = connection.extract_statements(query)
    except duckdb.Error as error:
        raise SealedQueryError(str(error)) from error
    if len(found) != 1:
        raise SealedQueryError(f"{len(found)} statements given; allowed is {_ALLOWED}")
    return found[0].type.name, found[0].query


def _answer(connection: DuckDBPyConnection, query: str, params: Sequence[Any], timeout: float) -> pl.DataFrame:
    import duckdb
    import polars

    timer = threading.Timer(timeout, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        frame: pl.DataFrame = connection.sql(query, params=list(params)).pl()
        return frame
    except duckdb.InterruptException as error:
        raise SealedQueryError(
            f"the query was stopped after {timeout:g} s; ask for less, or give it longer"
        ) from error
    except duckdb.Error as error:
        raise SealedQueryError(_explain(connection, error)) from error
    except polars.exceptions.ComputeError as error:
        raise SealedQueryError(
            f"{str(error).split('. ')[0]}; turn it into a number or text, as epoch(interval) does"
        ) from error
    finally:
        timer.cancel()


def _explain(connection: DuckDBPyConnection, error: Exception) -> str:
    """Return DuckDB's message, with the names that exist where one was not found."""
    message = str(error).splitlines()[0]
    table = re.search(r"Table with name (\S+) does not exist", message)
    if table:
        return f"{message} {_hint(table[1], _names(connection, 'table_name'))}"
    column = re.search(r'[Cc]olumn (?:named )?"(\w+)"', message)
    if column and ("not found" in message or "does not have" in message):
        return f"{message} {_hint(column[1], _names(connection, 'column_name'))}"
    return message


def _names(connection: DuckDBPyConnection, kind: str) -> list[str]:
    rows = connection.execute(
        f"SELECT DISTINCT {kind} FROM information_schema.columns "
        "WHERE table_catalog = current_database() AND table_schema = 'main' AND table_name <> 'meta' ORDER BY ALL"
    ).fetchall()
    return [name for (name,) in rows]


def _hint(name: str, valid: list[str]) -> str:
    close = nearest(name, valid)
    return f"Did you mean {' or '.join(close)}?" if close else f"There are {', '.join(valid)}."
