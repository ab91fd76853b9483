"""Merge copies of a store, each in a process of its own that dies at the n-th statement; print each n."""

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
        self._connection, self.life = connection, life

    def execute(self, *args: Any) -> Any:
        if self.life == 0:
            os._exit(1)
        self.life -= 1
        return self._connection.execute(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def merge_and_die(path: Path, life: int) -> int:
    """Merge in a child that may carry out `life` statements; return how many it did, 0 if it died."""
    shutil.copytree(sys.argv[1], path.parent)
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) - 1
    real = connect.connect
    used: list[DyingConnection] = []

    @contextmanager
    def dying(target: Path, **kwargs: Any) -> Iterator[Any]:
        with real(target, **kwargs) as connection:
            used.append(DyingConnection(connection, life))
            yield connection if kwargs["read_only"] else used[-1]

    merge.connect.connect = dying
    Store(path).merge()
    os._exit(life - used[-1].life + 1)


def main() -> None:
    original = Path(sys.argv[1])
    statements = merge_and_die(original.with_name("whole") / sys.argv[2], 250)
    for life in sorted({*range(0, statements, 6), *range(statements - 5, statements)}):
        assert merge_and_die(original.with_name(f"crash-{life}") / sys.argv[2], life) == 0
        print(life)


main()
