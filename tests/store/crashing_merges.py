"""Merge copies of a store, each in a process of its own that dies at the n-th statement; print the last n."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401 - loaded once, before the forks
import pyarrow  # noqa: F401

from nasbench_sparse.store import Store, connect, merge


class DyingConnection:
    def __init__(self, connection: Any, life: int) -> None:
        self._connection, self._life = connection, life

    def execute(self, *args: Any) -> Any:
        if self._life == 0:
            os._exit(9)
        self._life -= 1
        return self._connection.execute(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def merge_and_die(path: Path, life: int) -> None:
    real = connect.connect

    @contextmanager
    def dying(target: Path, **kwargs: Any) -> Iterator[Any]:
        with real(target, **kwargs) as connection:
            yield connection if kwargs["read_only"] else DyingConnection(connection, life)

    merge.connect.connect = dying
    Store(path).merge()
    os._exit(0)


def main() -> None:
    original = Path(sys.argv[1])
    for life in range(1000):
        copy = original.parent.with_name(f"crash-{life}")
        shutil.copytree(original.parent, copy)
        child = os.fork()
        if child == 0:
            merge_and_die(copy / original.name, life)
        if os.waitpid(child, 0)[1] == 0:
            print(life)
            return


main()
