"""Runs that ended without a single result: which, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nasbench_sparse.cli.console import say
from nasbench_sparse.runner.plan import PlannedRun
from nasbench_sparse.store import Store

FRUITLESS = """
WITH outcomes AS (
    SELECT run_id, t.status, coalesce(split_part(t.error, chr(10), 1), t.status) AS reason, count(*) AS n,
           bool_or(t.kind = 'trial' AND t.status = 'OK') AS fruitful
    FROM trials AS t JOIN runs AS r USING (run_id)
    WHERE list_contains(?, run_id) AND r.status IN ('finished', 'exhausted')
    GROUP BY ALL
)
SELECT run_id, sum(n)::INT AS trials, coalesce(sum(n) FILTER (status <> 'OK'), 0)::INT AS failed,
       arg_max(reason, (n, reason)) FILTER (status <> 'OK') AS reason
FROM outcomes GROUP BY run_id HAVING NOT bool_or(fruitful) ORDER BY run_id
"""


def say_fruitless(plans: Sequence[PlannedRun], store: Path) -> bool:
    """Say of each run of which no training succeeded how many trials failed, and the most frequent reason.

    Returns:
        Whether there is such a run.
    """
    specs = {plan.spec.run_id: plan.spec for plan in plans}
    found = Store(store, create=False).sql(FRUITLESS, (list(specs),))
    for run_id, trials, failed, reason in found.iter_rows():
        spec = specs[run_id]
        why = f": {failed} of {trials} trials failed: {reason}" if failed else ""
        say(f"error: run {run_id} ({spec.task}, {spec.optimizer}, seed {spec.seed}) ended without any result{why}")
    return found.height > 0
