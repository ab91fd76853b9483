"""How a table was made: the command, the time it took, and the machines that trained it."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from nasbench_sparse.core.run import TABLE_BUILD
from nasbench_sparse.core.task import Task
from nasbench_sparse.tabular.searches import OF_ENDED_RUNS, Searches
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


_SEARCH_PROVENANCES = f"""
SELECT p.provenance, count(*) AS steps
FROM search_steps AS s JOIN provenances AS p USING (provenance_key)
WHERE {OF_ENDED_RUNS} GROUP BY ALL ORDER BY steps DESC, p.provenance
"""


def how_made(store: Store, task: Task, typed: str) -> dict[str, Any]:
    """Return command, time, training seconds and provenance of a store's table, for its manifest.

    Machines are described, not named: the host is left out.

    Args:
        typed: how the task was named on the command line, such as `file.py:object`; a command that is carried out
            again must name it so.
    """
    fingerprint = task.fingerprint
    built = builds(store, fingerprint)
    runs = store.sql(_RUNS, (fingerprint, TABLE_BUILD)).row(0, named=True)
    return {
        "commands": commands(typed, built),
        "runs": runs["runs"],
        "started": runs["started"],
        "ended": runs["ended"],
        "training_seconds": float(store.sql(_SECONDS, (fingerprint,)).item()),
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        "provenances": _machines(store, _PROVENANCES, (fingerprint,), "points"),
    }


def how_searched(store: Store, task: Task, searches: Searches) -> dict[str, Any]:
    """Return number, steps, seconds and provenance of a store's recorded searches, for a table's manifest."""
    return {
        "searches": len(searches),
        "steps": len(searches.rows),
        "seconds": sum(row.seconds for row in searches.rows),
        "provenances": _machines(store, _SEARCH_PROVENANCES, (task.fingerprint,) * 2, "steps"),
    }


def _machines(store: Store, query: str, parameters: tuple[str, ...], counted: str) -> list[dict[str, Any]]:
    """Return provenances without the host, each with how much of it there is."""
    return [
        {**{key: value for key, value in orjson.loads(text).items() if key != "host"}, counted: count}
        for text, count in store.sql(query, parameters).iter_rows()
    ]


def commands(typed: str, built: Builds) -> list[str]:
    """Return the commands that build the same table in one go."""
    return [
        f"nasbench-sparse table build {shlex.quote(typed)} "
        + ("--all" if each.mode == "all" else f"--{each.mode} {each.number}")
        + f" --replicates {built.replicates}"
        for each in built.enumerations
    ]
