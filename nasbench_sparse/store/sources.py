"""What a store is read from: the lines of its journals, and its DuckDB file opened read-only.

Journals are read first and the file after them: a merge in between moves events from the one to the other, so that
they are seen twice, never not at all.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from nasbench_sparse.store import connect
from nasbench_sparse.store.encode import FLOAT_FIELDS, Event, decode_line
from nasbench_sparse.store.journal import journals, read_lines

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

POINT = ", ".join(("config_key", "replicate", "fold", "status", "step", *FLOAT_FIELDS, "metrics"))
"""The columns that `ResultTable.add_rows` takes."""

CURVES, ADVANCES = b',"curves":', b',"advances":'
"""What a `told` line of a new training, and of a search step, holds."""

Row = tuple[Any, ...]


class Sources:
    """Journal lines by run, and the rows of the file, none where there is no file yet."""

    def __init__(self, lines: Mapping[str, list[bytes]], connection: DuckDBPyConnection | None) -> None:
        self.lines = lines
        self._connection = connection

    def rows(self, query: str, params: Sequence[Any] = ()) -> list[Row]:
        """Return what the file answers."""
        return [] if self._connection is None else self._connection.execute(query, list(params)).fetchall()

    def records(self, query: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return what the file answers, by column name."""
        if self._connection is None:
            return []
        answer = self._connection.execute(query, list(params))
        names = [column[0] for column in answer.description or []]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def run(self, run_id: str) -> dict[str, Any] | None:
        """Return fingerprint, status, budget, spending and last event number of a run, as the file has them."""
        query = "SELECT fingerprint, status, budget, spent, events FROM runs WHERE run_id = ?"
        for record in self.records(query, [run_id]):
            return record | {name: floats(from_json(record[name]) or {}) for name in ("budget", "spent")}
        return None

    def told_events(self, fingerprint: str, mark: bytes) -> Iterator[Event]:
        """Yield the `told` events of a task whose line holds a mark; other lines are not decoded."""
        for run_id, found in self.lines.items():
            if found and self._fingerprint(run_id, found[0]) == fingerprint:
                for line in found:
                    if mark in line:
                        event = decode_line(line)
                        if event["event"] == "told" and mark[2:-2].decode() in event:
                            yield event

    def _fingerprint(self, run_id: str, first: bytes) -> str | None:
        event = decode_line(first)
        if event["event"] == "run":
            return str(event["task"]["fingerprint"])
        row = self.run(run_id)
        return None if row is None else str(row["fingerprint"])


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Leave out the search for reference cycles while millions of tuples are made: it costs five times as much."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def open_sources(path: Path) -> Iterator[Sources]:
    """Read a store's journals and open its file, waiting for merges; much is made of what is read.

    Raises:
        Damage: a journal is damaged.
    """
    lines = {journal.stem: read_lines(journal) for journal in journals(path)}
    if not path.exists():
        with garbage_collection_paused():
            yield Sources(lines, None)
        return
    with garbage_collection_paused(), connect.connect(path, read_only=True, wait=connect.READER_WAIT) as connection:
        yield Sources(lines, connection)


def from_json(value: str | None) -> Any:
    """Parse a JSON column."""
    return None if value is None else orjson.loads(value)


def floats(values: Mapping[str, Any]) -> dict[str, float]:
    """Read numbers that may be the strings "nan", "inf" and "-inf"."""
    return {name: float(value) for name, value in values.items()}
