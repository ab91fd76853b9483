"""The table that a store holds of a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import orjson

from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.run import TABLE_BUILD
from nasbench_sparse.core.task import Task
from nasbench_sparse.tabular.curves import FIELDS, Curves, Points
from nasbench_sparse.tabular.enumeration import Enumeration
from nasbench_sparse.tabular.searches import stored_searches
from nasbench_sparse.tabular.table import Table

if TYPE_CHECKING:
    import polars as pl

    from nasbench_sparse.store import Store

_BUILDS = "SELECT DISTINCT replicate, options FROM runs WHERE fingerprint = ? AND study = ? ORDER BY ALL"

_CONFIGS = "SELECT config_key, config FROM configs WHERE fingerprint = ?"

_METRICS = (
    "SELECT DISTINCT unnest(map_keys(metrics)) AS name FROM trainings "
    "WHERE fingerprint = ? AND phase = 'search' ORDER BY name"
)

_POINTS = """
SELECT config_key, replicate, fold, step, status = 'DIVERGED' AS diverged, {columns}
FROM trainings WHERE fingerprint = ? AND phase = 'search'
"""

# A training that diverged before its first point has no row in the table of results.
_AT_ONCE = """
SELECT t.config_key, t.replicate, min(t.seconds) AS seconds
FROM trials AS t JOIN runs AS r USING (run_id)
WHERE r.fingerprint = ? AND t.kind = 'trial' AND t.status = 'DIVERGED' AND NOT t.reused
    AND (r.fingerprint, t.config_key, t.replicate) NOT IN (
        SELECT (fingerprint, config_key, replicate) FROM trainings WHERE phase = 'search'
    )
GROUP BY ALL
"""


@dataclass(frozen=True, slots=True)
class Builds:
    """What the table builds in a store are to cover: configs, and replicates 0 to `replicates` - 1."""

    enumerations: tuple[Enumeration, ...]
    replicates: int


def builds(store: Store, fingerprint: str) -> Builds:
    """Return what table builds were begun of a task; no enumerations if there were none."""
    rows = store.sql(_BUILDS, (fingerprint, TABLE_BUILD)).rows()
    options = [orjson.loads(text) for _, text in rows]
    found = sorted({(option["mode"], option["number"]) for option in options})
    return Builds(
        tuple(Enumeration(mode, number) for mode, number in found),
        max((replicate + 1 for replicate, _ in rows), default=0),
    )


def stored_table(store: Store, task: Task) -> Table:
    """Read a task's table, journals included; without a table build it is to cover what is recorded."""
    built = builds(store, task.fingerprint)
    listed: dict[str, str] = {}
    for enumeration in built.enumerations:
        for config in enumeration.configs(task.space):
            listed.setdefault(config_key(config), orjson.dumps(config).decode())
    frame, names = _points(store, task.fingerprint)
    recorded = set(frame["config_key"].unique()) - listed.keys()
    texts = {
        key: str(text) for key, text in store.sql(_CONFIGS, (task.fingerprint,)).iter_rows() if key in recorded
    }
    keys = [*listed, *sorted(texts)]
    replicates = max(built.replicates, int(frame["replicate"].max() or 0) + 1)  # type: ignore[arg-type]
    return Table(
        task,
        keys,
        [*listed.values(), *(texts[key] for key in sorted(texts))],
        Curves(_numbered(frame, names, keys), len(keys), replicates),
        listed=len(listed) or len(keys),
        replicates=built.replicates or replicates,
        searches=stored_searches(store, task),
    )


def _points(store: Store, fingerprint: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the rows of a task's trainings, and the names of their values."""
    import polars as pl

    metrics = [str(name) for name in store.sql(_METRICS, (fingerprint,))["name"]]
    columns = [*FIELDS, *(f"map_extract_value(metrics, {_quoted(name)}) AS {_column(name)}" for name in metrics)]
    frame = store.sql(_POINTS.format(columns=", ".join(columns)), (fingerprint,))
    at_once = store.sql(_AT_ONCE, (fingerprint,)).with_columns(
        pl.lit(0, pl.Int32).alias("fold"), pl.lit(0, pl.Int32).alias("step"), pl.lit(True).alias("diverged")
    )
    return pl.concat([frame, at_once], how="diagonal"), (*FIELDS, *metrics)


def _numbered(frame: pl.DataFrame, names: tuple[str, ...], keys: list[str]) -> Points:
    """Sort rows by the number of their config, and turn them into arrays."""
    import polars as pl

    numbers = pl.DataFrame(
        {"config_key": keys, "config": np.arange(len(keys))}, schema_overrides={"config_key": pl.String}
    )
    rows = frame.join(numbers, on="config_key").sort("config", "replicate", "fold", "step")
    values = np.empty((rows.height, len(names)))
    absent = np.zeros(values.shape, dtype=np.bool_)
    for i, name in enumerate(names):
        values[:, i] = rows[name].to_numpy()
        absent[:, i] = rows[name].is_null().to_numpy()
    config, replicate, fold, step = (
        rows[name].to_numpy().astype(np.int32) for name in ("config", "replicate", "fold", "step")
    )
    diverged = rows["diverged"].to_numpy().astype(np.bool_)
    return Points(config, replicate, fold, step, diverged, values, names, absent if absent.any() else None)


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _column(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
