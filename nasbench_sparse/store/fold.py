"""Folding: journal events become rows of the tables, in SQL.

The same statements serve a merge, where the rows go to the store's own tables, and a reader, where they go to
tables in memory that views lay over the store's. So `base` is the schema that is read, `target` the one that is
written; for a merge they are one. Events up to a run's `events` were folded before and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import orjson

from nasbench_sparse.core.run import CONFIRMATION, TABLE_BUILD
from nasbench_sparse.store.encode import FLOAT_FIELDS
from nasbench_sparse.store.event_schema import EVENT

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_TOLD_COLUMNS = (
    "status",
    "loss",
    "incumbent_loss",
    "units",
    "seconds",
    "told_at",
    "worker",
    "reused",
    "error",
    "outcome",
    "told_order",
    "predicted",
)
_TOLD = ", ".join(_TOLD_COLUMNS)
_UNNEST = ", ".join(f"unnest(curve.{name}) AS {name}" for name in ("step", *FLOAT_FIELDS, "metrics"))

_STAGES = [
    "CREATE TEMP TABLE headers AS SELECT * FROM events WHERE event = 'run'",
    # A search step's outcome goes to search_steps, where others find it, unless it belongs to this attempt.
    """
    CREATE TEMP TABLE told AS
    SELECT run_id, number, status, loss, incumbent_loss, units, seconds, "at" AS told_at, worker, reused, error,
           CASE WHEN advances IS NULL OR status NOT IN ('OK', 'DIVERGED') THEN outcome END AS outcome,
           seq AS told_order, coalesce(predicted, false) AS predicted
    FROM events WHERE event = 'told'
    """,
]

_RUNS = [
    f"""
    INSERT INTO {{target}}.runs
    SELECT run_id, run.study, task.fingerprint, run.optimizer, run.options, run.source, run.seed, run.replicate,
           NULL, NULL, run.workers, run.executor, 'running', time, NULL, NULL, provenance,
           coalesce(run.study IN ('{TABLE_BUILD}', '{CONFIRMATION}'), false), -1
    FROM headers AS h ANTI JOIN {{target}}.runs USING (run_id)
    QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY seq) = 1
    """,
    """
    INSERT INTO {target}.tasks
    SELECT DISTINCT ON (task.fingerprint)
           task.fingerprint, task.name, task.version, task.family, task.derived_from, declaration
    FROM headers WHERE task.fingerprint NOT IN (SELECT fingerprint FROM {base}.tasks)
    """,
    """
    INSERT INTO {target}.provenances
    SELECT DISTINCT md5(provenance), provenance
    FROM headers WHERE md5(provenance) NOT IN (SELECT provenance_key FROM {base}.provenances)
    """,
    # Which run, task and provenance events belong to, from each header on; the header may be merged already.
    """
    CREATE TEMP TABLE origins AS
    SELECT run_id, -1 AS since, fingerprint, md5(provenance) AS provenance_key
    FROM {target}.runs WHERE run_id IN (SELECT run_id FROM events)
    UNION ALL
    SELECT run_id, seq, task.fingerprint, md5(provenance) FROM headers
    """,
]

_TRIALS = [
    f"""
    INSERT INTO {{target}}.trials
        (run_id, number, kind, config_key, replicate, fidelity, parent, resumes_at, asked_at, asked_order, {_TOLD})
    SELECT a.run_id, a.number, CASE WHEN a.search IS NULL THEN 'trial' ELSE 'search' END, a.key, a.replicate,
           a.fidelity, a.parent, a.resumes_at, a."at", a.seq, {", ".join("t." + c for c in _TOLD_COLUMNS)}
    FROM events AS a LEFT JOIN told AS t USING (run_id, number)
    WHERE a.event = 'asked' ORDER BY a.run_id, a.seq
    """,
    f"""
    UPDATE {{target}}.trials AS u SET {", ".join(f"{c} = t.{c}" for c in _TOLD_COLUMNS)}
    FROM (FROM told ANTI JOIN (FROM events WHERE event = 'asked') USING (run_id, number)) AS t
    WHERE u.run_id = t.run_id AND u.number = t.number AND u.told_order IS NULL
    """,
    """
    INSERT INTO {target}.configs
    SELECT DISTINCT ON (fingerprint, config_key) * FROM (
        SELECT o.fingerprint, e.key AS config_key, coalesce(e.config, e.search) AS config
        FROM events AS e JOIN origins AS o ON e.run_id = o.run_id AND o.since = -1 WHERE e.event = 'asked'
        UNION ALL
        SELECT o.fingerprint, e.derived_key, e.outcome->'$.config'
        FROM events AS e JOIN origins AS o ON e.run_id = o.run_id AND o.since = -1
        WHERE e.derived_key IS NOT NULL
    ) AS c ANTI JOIN {base}.configs USING (fingerprint, config_key)
    """,
]

_RESULTS = [
    f"""
    CREATE TEMP TABLE points AS
    WITH curves AS (
        SELECT run_id, seq, key AS config_key, replicate, unnest(range(len(curves))) AS fold,
               'search' AS phase, unnest(curves) AS curve
        FROM events WHERE event = 'told' AND curves IS NOT NULL
        UNION ALL
        SELECT run_id, seq, s.key, s.replicate, s.fold, 'shared', s.curve
        FROM (SELECT run_id, seq, unnest(shared) AS s FROM events WHERE shared IS NOT NULL)
    ), rows AS (
        SELECT run_id, seq, config_key, replicate, fold, phase, curve.last AS last,
               list_last(curve.step) AS end_step, {_UNNEST}
        FROM curves
    )
    SELECT r.run_id, r.seq, o.fingerprint, r.config_key, r.replicate, r.fold, r.step, r.phase,
           CASE WHEN r.step = r.end_step AND r.last IS NOT NULL THEN r.last ELSE 'OK' END AS status,
           {", ".join("r." + name for name in (*FLOAT_FIELDS, "metrics"))}, o.provenance_key
    FROM rows AS r ASOF JOIN origins AS o ON r.run_id = o.run_id AND r.seq >= o.since
    """,
    # The first recorded wins: what is in the base, then what comes first in this batch.
    """
    INSERT INTO {target}.trainings
    SELECT p.* EXCLUDE (run_id, seq) FROM points AS p
    ANTI JOIN {base}.trainings USING (fingerprint, config_key, replicate, fold, step)
    QUALIFY row_number() OVER (
        PARTITION BY fingerprint, config_key, replicate, fold, step ORDER BY run_id, seq
    ) = 1
    """,
    """
    INSERT INTO {target}.conflicts
    SELECT p.* EXCLUDE (seq), NULL FROM points AS p
    JOIN {known_trainings} AS k USING (fingerprint, config_key, replicate, fold, step)
    WHERE (p.status, p.train_loss, p.val_loss, p.val_accuracy, p.test_loss, p.test_accuracy, p.density, p.metrics)
        IS DISTINCT FROM
        (k.status, k.train_loss, k.val_loss, k.val_accuracy, k.test_loss, k.test_accuracy, k.density, k.metrics)
    """,
    """
    CREATE TEMP TABLE steps AS
    SELECT e.run_id, e.seq, o.fingerprint, e.key AS config_key, e.replicate, e.advances, e.status, e.derived_key,
           e.seconds, e.outcome, o.provenance_key
    FROM events AS e ASOF JOIN origins AS o ON e.run_id = o.run_id AND e.seq >= o.since
    WHERE e.advances IS NOT NULL AND e.status IN ('OK', 'DIVERGED')
    """,
    """
    INSERT INTO {target}.search_steps
    SELECT fingerprint, config_key, replicate, advances.method, advances.options, advances.seed, advances.step,
           status, derived_key, seconds, outcome, provenance_key
    FROM steps ANTI JOIN {base}.search_steps USING (fingerprint, config_key, replicate)
    QUALIFY row_number() OVER (PARTITION BY fingerprint, config_key, replicate ORDER BY run_id, seq) = 1
    """,
    """
    INSERT INTO {target}.conflicts
        (run_id, fingerprint, config_key, replicate, step, phase, status, seconds, provenance_key, outcome)
    SELECT s.run_id, s.fingerprint, s.config_key, s.replicate, s.advances.step, 'search step', s.status,
           s.seconds, s.provenance_key, s.outcome
    FROM steps AS s JOIN {known_steps} AS k USING (fingerprint, config_key, replicate)
    WHERE (s.status, s.derived_key) IS DISTINCT FROM (k.status, k.derived_key)
    """,
]

_END = [
    """
    UPDATE {target}.runs AS r SET status = 'running', ended = NULL, error = NULL, study = h.run.study,
           provenance = h.provenance
    FROM (SELECT * FROM headers QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1) AS h
    WHERE r.run_id = h.run_id
    """,
    """
    UPDATE {target}.runs AS r SET status = e.status, ended = e.time, error = e.error, budget = e.budget,
           spent = e.spent
    FROM (
        SELECT * FROM events WHERE event IN ('run', 'end')
        QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1
    ) AS e
    WHERE r.run_id = e.run_id AND e.event = 'end'
    """,
    """
    UPDATE {target}.runs AS r SET events = e.last
    FROM (SELECT run_id, max(seq) AS last FROM events GROUP BY run_id) AS e WHERE r.run_id = e.run_id
    """,
]

_TEMPORARY = ("events", "headers", "told", "origins", "points", "steps")


def stage(connection: DuckDBPyConnection, runs: Sequence[str], lines: Sequence[bytes], base: str) -> int:
    """Make the temporary table `events` of verified lines, line i being of run `runs[i]`; return its length."""
    import pyarrow as pa

    texts = {"run_id": _texts([run.encode() for run in runs]), "line": _texts(lines)}
    connection.register("journal_lines", pa.table(texts))
    connection.execute(
        f"""
        CREATE TEMP TABLE events AS
        SELECT e.* FROM (SELECT run_id, unnest(from_json(line, ?)) FROM journal_lines) AS e
        LEFT JOIN {base}.runs AS r USING (run_id)
        WHERE e.seq > coalesce(r.events, -1)
        """,
        [orjson.dumps(EVENT).decode()],
    )
    connection.unregister("journal_lines")
    row = connection.execute("SELECT count(*) FROM events").fetchone()
    return int(row[0]) if row else 0


def _texts(lines: Sequence[bytes]) -> pa.Array:
    """Return UTF-8 texts as an Arrow array; `pa.array` would import pandas (30 MiB, 0.2 s)."""
    import pyarrow as pa

    ends = np.zeros(len(lines) + 1, dtype=np.int64)
    np.cumsum([len(line) for line in lines], dtype=np.int64, out=ends[1:])
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(lines))]
    texts = pa.Array.from_buffers(pa.large_string(), len(lines), buffers)
    texts.validate(full=True)
    return texts


def fold(connection: DuckDBPyConnection, base: str, target: str) -> None:
    """Insert what the staged events say, and drop them."""
    names = {
        "base": base,
        "target": target,
        "known_trainings": _known("trainings", base, target),
        "known_steps": _known("search_steps", base, target),
    }
    for statement in (*_STAGES, *_RUNS, *_TRIALS, *_RESULTS, *_END):
        connection.execute(statement.format(**names))
    drop_staged(connection)


def drop_staged(connection: DuckDBPyConnection) -> None:
    """Drop the temporary tables of a fold."""
    for name in _TEMPORARY:
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _known(table: str, base: str, target: str) -> str:
    """Return where to look for a table's rows known by now."""
    if base == target:
        return f"{base}.{table}"
    return f"(FROM {base}.{table} UNION ALL FROM {target}.{table})"
