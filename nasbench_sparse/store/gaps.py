"""Gaps: a run's events are numbered from 0 without one left out, so it can be told where some are lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench_sparse.store.encode import decode_line

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The file keeps the numbers of asked and told events alone. So a lost ask shows by the trials, which are numbered
# in the order asked, and a lost outcome by the end of the run: only one that ended by an error may lack some.
_LOST_ASKS = """
SELECT run_id, number, asked_order, lag(number, 1, -1) OVER w AS before, lag(asked_order, 1, 0) OVER w AS since
FROM trials WINDOW w AS (PARTITION BY run_id ORDER BY number)
QUALIFY number > before + 1 AND asked_order > since + 1 ORDER BY run_id, number
"""

_LOST_OUTCOMES = """
SELECT run_id, number, asked_order, events FROM trials JOIN runs USING (run_id)
WHERE told_order IS NULL AND runs.status IN ('finished', 'exhausted') AND runs.error IS NULL ORDER BY run_id, number
"""


def in_lines(lines: Sequence[bytes], merged: int) -> list[str]:
    """Say which events verified journal lines leave out; those up to number `merged` are in the file."""
    said, last = [], merged
    for line in lines:
        seq = decode_line(line)["seq"]
        if seq > last + 1:
            said.append(f"lacks its {_numbers('event', last + 1, seq - 1)}")
        last = max(last, seq)
    return said


def in_file(connection: DuckDBPyConnection) -> list[str]:
    """Say which trials and outcomes of runs are missing, and between which events they were recorded."""
    asks = connection.execute(_LOST_ASKS).fetchall()
    outcomes = connection.execute(_LOST_OUTCOMES).fetchall()
    return [
        *(
            f"run {run_id} lacks its {_numbers('trial', before + 1, number - 1)}, recorded between its events "
            f"{since} and {order}"
            for run_id, number, order, before, since in asks
        ),
        *(
            f"run {run_id} lacks the outcome of trial {number}, recorded between its events {order} and {end}"
            for run_id, number, order, end in outcomes
        ),
    ]


def _numbers(what: str, first: int, last: int) -> str:
    return f"{what} {first}" if first == last else f"{what}s {first} to {last}"
