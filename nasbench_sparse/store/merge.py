"""Merging: journals are folded into the DuckDB file, and deleted once a run has ended and all of it is in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import connect
from nasbench_sparse.store.encode import decode_line
from nasbench_sparse.store.fold import drop_staged, fold, stage
from nasbench_sparse.store.journal import (
    Damage,
    journal_directory,
    journals,
    lock_journal,
    read_lines,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CHUNK = 200_000
"""Lines folded in one transaction, at most twice as many."""

BASE = "store.main"

Lines = list[tuple[str, list[bytes]]]


def merge(path: Path, wait: float) -> bool:
    """Fold every journal into the store; see `Store.merge`."""
    lines, damage = read_all(path)
    if lines:
        if not path.exists():
            connect.create(path)
        try:
            with connect.connect(path, read_only=False, wait=wait) as connection:
                fold_all(connection, lines)
                _delete_merged(connection, path, [run_id for run_id, _ in lines])
        except connect.Locked:
            return False
    remove_empty_directory(path)
    if damage is not None:
        raise damage
    return True


def read_all(path: Path) -> tuple[Lines, Damage | None]:
    """Return run and verified lines of every journal, and what was wrong with the first that is damaged."""
    lines: Lines = []
    damage = None
    for journal in journals(path):
        try:
            found = read_lines(journal)
        except Damage as error:
            damage = damage or error
            continue
        if found:
            lines.append((journal.stem, found))
    return lines, damage


def fold_all(connection: DuckDBPyConnection, lines: Lines) -> None:
    """Fold lines in transactions of about `CHUNK` lines, then move them out of the write-ahead log.

    After an error the connection is to be closed, which undoes the transaction that was open.
    """
    _check_headers(connection, lines)
    for runs, chunk in _chunks(lines):
        connection.execute("BEGIN")
        if stage(connection, runs, chunk, BASE):
            fold(connection, BASE, BASE)
        else:
            drop_staged(connection)
        connection.execute("COMMIT")
    connection.execute("CHECKPOINT store")


def _check_headers(connection: DuckDBPyConnection, lines: Lines) -> None:
    known = {run_id for (run_id,) in connection.execute("SELECT run_id FROM runs").fetchall()}
    for run_id, found in lines:
        if run_id not in known and decode_line(found[0])["event"] != "run":
            raise StoreError(f"the journal of run {run_id} lost its header; `store repair` moves it aside")


def _chunks(lines: Lines) -> Iterator[tuple[list[str], list[bytes]]]:
    runs: list[str] = []
    chunk: list[bytes] = []
    for run_id, found in lines:
        for start in range(0, len(found), CHUNK):
            part = found[start : start + CHUNK]
            runs += [run_id] * len(part)
            chunk += part
            if len(chunk) >= CHUNK:
                yield runs, chunk
                runs, chunk = [], []
    if chunk:
        yield runs, chunk


def _delete_merged(connection: DuckDBPyConnection, path: Path, run_ids: list[str]) -> None:
    """Delete journals whose run has ended, whose every event is in, and which nobody writes."""
    merged = dict(connection.execute("SELECT run_id, events FROM runs").fetchall())
    for run_id in run_ids:
        journal = journal_directory(path) / f"{run_id}.jsonl"
        try:
            descriptor = lock_journal(journal, create=False)
        except (StoreError, FileNotFoundError):
            continue
        try:
            last = decode_line(read_lines(journal)[-1])
            if last["event"] == "end" and last["seq"] <= merged.get(run_id, -1):
                journal.unlink()
        finally:
            os.close(descriptor)


def remove_empty_directory(path: Path) -> None:
    """Remove the folder of a store's journals if none is left."""
    directory = journal_directory(path)
    if directory.is_dir() and not any(directory.iterdir()):
        try:
            directory.rmdir()
        except OSError:
            return  # a run began meanwhile
