"""How a table was made: the command, the time it took, and the machines that trained it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from nasbench_sparse.core.run import TABLE_BUILD
from nasbench_sparse.core.task import Task
from nasbench_sparse.tabular.stored import Builds, builds

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

_RUNS = """
SELECT count(*) AS runs, min(started) AS started, max(ended) AS ended
FROM runs WHERE fingerprint = ? AND study = ?
"""

_SECONDS = """
SELECT coalesce(sum(seconds), 0.0) AS seconds FROM (
    SELECT max(seconds) AS seconds FROM trainings WHERE fingerprint = ? AND phase = 'search'
    GROUP BY config_key, replicate, fold
)
"""

_PROVENANCES = """
SELECT p.provenance, count(*) AS points
FROM trainings AS t JOIN provenances AS p USING (provenance_key)
WHERE t.fingerprint = ? AND t.phase = 'search' GROUP BY ALL ORDER BY points DESC, p.provenance
"""


def how_made(store: Store, task: Task) -> dict[str, Any]:
    """Return command, time, training seconds and provenance of a store's table, for its manifest.

    Machines are described, not named: the host is left out.
    """
    fingerprint = task.fingerprint
    built = builds(store, fingerprint)
    runs = store.sql(_RUNS, (fingerprint, TABLE_BUILD)).row(0, named=True)
    provenances = [
        {**{key: value for key, value in orjson.loads(text).items() if key != "host"}, "points": points}
        for text, points in store.sql(_PROVENANCES, (fingerprint,)).iter_rows()
    ]
    return {
        "commands": commands(task, built),
        "runs": runs["runs"],
        "started": runs["started"],
        "ended": runs["ended"],
        "training_seconds": float(store.sql(_SECONDS, (fingerprint,)).item()),
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        "provenances": provenances,
    }


def commands(task: Task, built: Builds) -> list[str]:
    """Return the commands that build the same table in one go."""
    return [
        f"nasbench-sparse table build {task.name} "
        + ("--all" if each.mode == "all" else f"--{each.mode} {each.number}")
        + f" --replicates {built.replicates}"
        for each in built.enumerations
    ]
