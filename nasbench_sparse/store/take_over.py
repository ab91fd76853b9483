"""Taking over a table: its Parquet files become rows of the store, in bulk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from nasbench_sparse.store import connect
from nasbench_sparse.store.encode import FLOAT_FIELDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TASK = """
INSERT INTO store.tasks
SELECT * FROM (SELECT ? AS fingerprint, ? AS name, ? AS version, ? AS family, ? AS derived_from, CAST(? AS JSON))
WHERE fingerprint NOT IN (SELECT fingerprint FROM store.tasks)
"""

_CONFIGS = """
INSERT INTO store.configs
SELECT ? AS fingerprint, config_key, CAST(config AS JSON)
FROM read_parquet(?) ANTI JOIN (FROM store.configs WHERE fingerprint = ?) USING (config_key)
"""

# Points of step 0 stand for trainings that diverged before the first; they are no rows.
_TRAININGS = """
INSERT INTO store.trainings
SELECT ? AS fingerprint, config_key, replicate, fold, step, 'search',
       CASE WHEN diverged THEN 'DIVERGED' ELSE 'OK' END, {values}, {metrics}, ?
FROM read_parquet(?) AS p
JOIN (SELECT config_key, file_row_number AS config FROM read_parquet(?, file_row_number = true)) AS c USING (config)
ANTI JOIN (FROM store.trainings WHERE fingerprint = ? AND phase = 'search')
    USING (config_key, replicate, fold, step)
WHERE step > 0 ORDER BY p.config, replicate, fold, step
"""


@dataclass(frozen=True)
class TableFiles:
    """An exported table as a store takes it over.

    Args:
        configs: Parquet of config_key and config, in the order in which `curves` counts them.
        curves: Parquet of config, replicate, fold, step, diverged, the values of curve points, and `metrics`.
        declaration: of the task.
        covers: what the table covers: configs, replicates, whole_space; and how it was made.
    """

    fingerprint: str
    declaration: Mapping[str, Any]
    configs: Path
    curves: Path
    covers: Mapping[str, Any]
    metrics: tuple[str, ...] = field(default=())

    @cached_property
    def provenance(self) -> str:
        """The provenance of its rows, JSON."""
        table = {"fingerprint": self.fingerprint, **self.covers}
        return orjson.dumps({"table": table}, option=orjson.OPT_SORT_KEYS).decode()

    @property
    def provenance_key(self) -> str:
        """The key of its rows' provenance."""
        return md5(self.provenance.encode()).hexdigest()


def take_over(path: Path, table: TableFiles) -> int:
    """Add a table's results; see `Store.take_over`."""
    if path.exists():
        with connect.connect(path, read_only=True, wait=connect.READER_WAIT) as connection:
            if _holds(connection, table):
                return 0
    else:
        connect.create(path)
    with connect.connect(path, read_only=False, wait=connect.READER_WAIT) as connection:
        if _holds(connection, table):
            return 0
        before = _count(connection)
        connection.execute("BEGIN")
        _insert(connection, table)
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT store")
        return _count(connection) - before


def _insert(connection: DuckDBPyConnection, table: TableFiles) -> None:
    told = table.declaration
    head = [table.fingerprint, *(told.get(name) for name in ("name", "version", "family", "derived_from"))]
    connection.execute(_TASK, [*head, orjson.dumps(told).decode()])
    connection.execute("INSERT INTO store.provenances VALUES (?, ?)", [table.provenance_key, table.provenance])
    connection.execute(_CONFIGS, [table.fingerprint, str(table.configs), table.fingerprint])
    query = _TRAININGS.format(values=", ".join(FLOAT_FIELDS), metrics=_metrics(table.metrics))
    files = [str(table.curves), str(table.configs)]
    connection.execute(query, [table.fingerprint, table.provenance_key, *files, table.fingerprint])


def _metrics(names: tuple[str, ...]) -> str:
    """Return the expression of a row's further metrics: those that were recorded, NULL where none was."""
    if not names:
        return "NULL"
    keys = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    values = ", ".join(f'CAST("{name.replace(chr(34), chr(34) * 2)}" AS DOUBLE)' for name in names)
    entries = f"map_entries(map([{keys}], [{values}]))"
    return f"map_from_entries(list_filter({entries}, lambda entry: entry.value IS NOT NULL))"


def _holds(connection: DuckDBPyConnection, table: TableFiles) -> bool:
    query = "SELECT 1 FROM store.provenances WHERE provenance_key = ?"
    return connection.execute(query, [table.provenance_key]).fetchone() is not None


def _count(connection: DuckDBPyConnection) -> int:
    row = connection.execute("SELECT count(*) FROM store.trainings").fetchone()
    return int(row[0]) if row else 0
