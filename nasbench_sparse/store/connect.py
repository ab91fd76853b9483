"""Connections to a store's DuckDB file: its checks, its locks, its migrations."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_sparse.errors import StoreError
from nasbench_sparse.store import schema
from nasbench_sparse.store.journal import make_folder, unwritable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

READER_WAIT = 60.0
"""Seconds a reader, or a writer who must write, keeps trying to get past other processes."""

_RETRY = 0.05

# The system's file locks are a process's, not a thread's: a second opening of the same file in this process would
# be let in, and its closing would release the lock of the first. So one thread at a time has a store open.
_PROCESS = threading.RLock()

_HEADERS = 3 * 4096  # one main header, then two database headers of which the newer counts
_NOT_HERE = "; give another path, or move this file away"


class Locked(StoreError):
    """Another process holds the store, and waiting did not help."""


def check_file(path: Path) -> None:
    """Check, without opening it, that a path is absent or a whole DuckDB file.

    Raises:
        StoreError: a directory, another kind of file, or a truncated one.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a directory, not a store{_NOT_HERE}")
    if not path.exists():
        return
    with _PROCESS, path.open("rb") as file:
        head = file.read(_HEADERS)
    if head[8:12] != b"DUCK":
        kind = "empty" if not head else f"not a DuckDB file (it begins with {head[:12]!r})"
        raise StoreError(f"{path} is {kind}{_NOT_HERE}")
    if len(head) < _HEADERS:
        raise _truncated(path)


def _truncated(path: Path) -> StoreError:
    return StoreError(
        f"{path} is truncated ({path.stat().st_size} bytes); restore a copy, or move it away and merge the "
        "journals that are left into a new store"
    )


@contextmanager
def connect(path: Path, *, read_only: bool, wait: float) -> Iterator[DuckDBPyConnection]:
    """Open the file as the database `store` of a connection in memory, closed on leaving.

    The fixed name makes every file name usable. While another process holds the file it is tried again every
    50 ms.

    Raises:
        Locked: `wait` seconds did not help.
        StoreError: the file cannot be read or written.
    """

    with _held(path, wait), in_memory() as connection:
        attach(connection, path, "store", read_only=read_only, wait=wait)
        connection.execute("USE store")
        try:
            yield connection
        except _disk_errors() as error:
            raise _broken(path, error) from error


def in_memory() -> DuckDBPyConnection:
    """Open an empty database in memory, whose long queries draw no progress bar between what others print."""
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    return connection


@contextmanager
def _held(path: Path, wait: float) -> Iterator[None]:
    if not _PROCESS.acquire(timeout=max(wait, _RETRY)):
        raise _locked(path, wait)
    try:
        yield
    finally:
        _PROCESS.release()


def attach(connection: DuckDBPyConnection, path: Path, name: str, *, read_only: bool, wait: float) -> None:
    """Attach a store's file under a name; see `connect`."""
    quoted = str(path).replace("'", "''")
    mode = "READ_ONLY" if read_only else "READ_WRITE"
    _retry(lambda: connection.execute(f"ATTACH '{quoted}' AS {name} ({mode})"), path, wait)


def _retry(action: Callable[[], object], path: Path, wait: float) -> None:
    import duckdb

    deadline = time.monotonic() + wait
    while True:
        try:
            action()
            return
        except duckdb.Error as error:
            if not _is_lock_error(error):
                raise _broken(path, error) from error
        if time.monotonic() >= deadline:
            raise _locked(path, wait)
        time.sleep(_RETRY)


def _disk_errors() -> tuple[type[Exception], ...]:
    """Return what DuckDB raises where a file cannot be read or written."""
    import duckdb

    return duckdb.IOException, duckdb.TransactionException, duckdb.InternalException, duckdb.FatalException


def _broken(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"{path} cannot be read or written ({str(error).splitlines()[0]}); where the disk is full, make room; if "
        "it is truncated or damaged, restore a copy, or move it away: the journals left are merged into a new store"
    )


def _locked(path: Path, wait: float) -> Locked:
    return Locked(f"{path} is being written or read by other processes; waited {wait:g} s")


def _is_lock_error(error: Exception) -> bool:
    """Tell whether an error of DuckDB means that another process holds the file."""
    return "Could not set lock on file" in str(error)


def create(path: Path) -> None:
    """Create an empty store, complete or not at all; keep a file that is there already.

    Raises:
        StoreError: the disk refuses it.
    """
    import duckdb

    make_folder(path.parent)
    fresh = path.with_name(f"{path.name}.new-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(fresh)) as connection:
            for version, migration in enumerate(schema.MIGRATIONS, 1):
                apply(connection, migration, version)
            connection.execute("CHECKPOINT")
        try:
            os.link(fresh, path)  # unlike a rename, never replaces a store made meanwhile
        except FileExistsError:
            return
        except OSError as error:
            raise unwritable(path, error) from error
    except _disk_errors() as error:
        raise _broken(path, error) from error
    finally:
        fresh.unlink(missing_ok=True)
        fresh.with_name(f"{fresh.name}.wal").unlink(missing_ok=True)


def apply(connection: DuckDBPyConnection, migration: str, version: int) -> None:
    """Carry out one migration, in a transaction of its own."""
    connection.execute("BEGIN")
    for statement in schema.statements(migration):
        connection.execute(statement)
    connection.execute("UPDATE meta SET schema_version = ?", [version])
    connection.execute("COMMIT")


def check_version(path: Path) -> None:
    """Check the schema of an existing store, and bring an older one up to date after copying it.

    Raises:
        StoreError: a newer schema, or a DuckDB file that is no store.
    """
    with connect(path, read_only=True, wait=READER_WAIT) as connection:
        version = schema_version(connection, path)
        if path.stat().st_size < _used_bytes(connection):
            raise _truncated(path)
    if version > len(schema.MIGRATIONS):
        raise StoreError(
            f"{path} has schema version {version}; this release knows up to {len(schema.MIGRATIONS)}: "
            "upgrade nasbench-sparse to read it (the file was not touched)"
        )
    if version < len(schema.MIGRATIONS):
        _migrate(path)


def _used_bytes(connection: DuckDBPyConnection) -> int:
    """Return the size below which the file cannot be whole: its headers and used blocks.

    The block count of the file's header is no bound: free blocks at the end of a file are cut off.
    """
    row = connection.execute("SELECT used_blocks * block_size FROM pragma_database_size()").fetchone()
    assert row is not None
    return _HEADERS + int(row[0])


def schema_version(connection: DuckDBPyConnection, path: Path) -> int:
    """Return a store's schema version.

    Raises:
        StoreError: the DuckDB file is no store.
    """
    import duckdb

    try:
        row = connection.execute("SELECT schema_version FROM meta").fetchone()
    except duckdb.CatalogException:
        row = None
    if row is None:
        raise StoreError(f"{path} is a DuckDB file but not a store of nasbench-sparse{_NOT_HERE}")
    return int(row[0])


def _migrate(path: Path) -> None:
    with connect(path, read_only=False, wait=READER_WAIT) as connection:
        version = schema_version(connection, path)  # another process may have been first
        if version >= len(schema.MIGRATIONS):
            return
        _back_up(connection, path.with_name(f"{path.name}.backup-v{version}"))
        for number, migration in enumerate(schema.MIGRATIONS[version:], version + 1):
            apply(connection, migration, number)
        connection.execute("CHECKPOINT store")


def _back_up(connection: DuckDBPyConnection, backup: Path) -> None:
    """Copy the attached store, complete or not at all.

    Not as a file: closing a second descriptor of the store would release this process's lock on it.
    """
    fresh = backup.with_name(f"{backup.name}.new-{os.getpid()}")
    quoted = str(fresh).replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS backup")
    connection.execute("COPY FROM DATABASE store TO backup")
    connection.execute("CHECKPOINT backup")
    connection.execute("DETACH backup")
    fresh.replace(backup)
