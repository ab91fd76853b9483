"""Verifying a table: what it promises, checked, and a sample of it trained again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.curve import Curve, CurvePoint
from nasbench_sparse.core.executor import Work
from nasbench_sparse.core.run import TABLE_BUILD
from nasbench_sparse.core.trial import Evaluation, Trial
from nasbench_sparse.errors import TableError
from nasbench_sparse.executors import make_executor
from nasbench_sparse.store.verify import Problem
from nasbench_sparse.tabular.coverage import coverage
from nasbench_sparse.tabular.table import Table

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

TOLERANCE = 1e-6
"""Largest difference of a re-trained value, relative to the recorded one where that is above 1."""

_FAILURES = """
SELECT t.status, count(DISTINCT (t.config_key, t.replicate)) AS trainings,
       min(split_part(t.error, chr(10), 1)) AS error, list(DISTINCT t.run_id ORDER BY t.run_id) AS runs
FROM trials AS t JOIN runs AS r USING (run_id)
WHERE r.fingerprint = ? AND r.study = ? AND t.status NOT IN ('OK', 'DIVERGED')
    AND (r.fingerprint, t.config_key, t.replicate) NOT IN (
        SELECT (fingerprint, config_key, replicate) FROM trainings WHERE phase = 'search'
    )
GROUP BY t.status ORDER BY t.status
"""


@dataclass(frozen=True, slots=True)
class Retrained:
    """A training done again: its values' largest difference, seconds left out, and whether it is tolerated."""

    config: Config
    replicate: int
    recorded: Evaluation
    difference: float
    tolerated: bool


def verify_table(table: Table, failed: Sequence[Problem] = ()) -> list[Problem]:
    """Check coverage, duplicates, that seconds never run backwards, and that a surrogate can be read.

    Args:
        failed: the `failures` recorded in the table's store; they are returned too, and must be removed first.
    """
    name = table.task.name
    problems = list(failed)
    counts = coverage(table)
    if not counts.complete:
        lacking = ", ".join(
            f"{counts.configs - n:,} of replicate {r}" for r, n in enumerate(counts.recorded) if n < counts.configs
        )
        what = f"trainings are missing: {lacking}" if lacking else "it covers no config"
        remedy = "the same `table build` trains what is not recorded"
        if failed:
            remedy += ", once the runs that failed are removed: those that ended are not begun again"
        problems.append(Problem(name, what, remedy))
    doubled = len(table.curves) - int((table.curves.slots != -1).sum())
    if doubled or len(set(table.keys)) < len(table.keys):
        problems.append(
            Problem(name, f"{max(doubled, 1)} trainings are recorded twice", "export or fetch it again")
        )
    backwards = _backwards(table)
    if backwards:
        problems.append(
            Problem(name, f"the seconds of {backwards} curves decrease or are negative", "export or fetch it again")
        )
    try:
        _ = table.surrogate
    except TableError as error:
        problems.append(Problem(name, str(error), "`table fit` fits another surrogate"))
    return problems


def failures(store: Store, table: Table) -> list[Problem]:
    """Return the failed trainings of a store's table builds, by status, that nothing has replaced."""
    rows = store.sql(_FAILURES, (table.task.fingerprint, TABLE_BUILD)).rows()
    return [
        Problem(
            table.task.name,
            f"{count} trainings are {status} ({error})",
            f"`store rm {' '.join(runs)}` and build again: what was trained is kept, what failed is tried again",
        )
        for status, count, error, runs in rows
    ]


def retrain(
    table: Table, count: int, *, seed: int = 0, tolerance: float = TOLERANCE, done: Callable[[Retrained], None]
) -> list[Retrained]:
    """Train a random sample of a table again, here and now, and compare it with what is recorded.

    Args:
        count: trainings, at most as many as there are.
        seed: of the sample.
        tolerance: see `TOLERANCE`; bits differ between machines, and a float32 table rounds.
        done: called with each.
    """
    trainings = list(table.evaluations)
    chosen = np.random.default_rng(seed).choice(len(trainings), size=min(count, len(trainings)), replace=False)
    numbers = {key: number for number, key in enumerate(table.keys)}
    found = []
    with make_executor("serial") as executor:
        for index in chosen.tolist():
            key, replicate = trainings[index]
            recorded = table.evaluations[key, replicate]
            fidelity = table.task.fidelity.max
            if recorded.curves and recorded.status.value == "OK":
                fidelity = len(recorded.curves[0])
            config = table.config(numbers[key])
            executor.submit(table.task, Work("verify", Trial(0, config, key, fidelity, replicate)))
            completion = executor.next_completed()
            assert completion is not None
            difference = compare(recorded, completion.evaluation)
            found.append(Retrained(config, replicate, recorded, difference, difference <= tolerance))
            done(found[-1])
    return found


def compare(recorded: Evaluation, again: Evaluation) -> float:
    """Return the largest difference of two evaluations' values, seconds left out; infinite for other kinds."""
    if recorded.status is not again.status or len(recorded.curves) != len(again.curves):
        return float("inf")
    return max((_curve_difference(a, b) for a, b in zip(recorded.curves, again.curves, strict=True)), default=0.0)


def _curve_difference(recorded: Curve, again: Curve) -> float:
    if len(recorded) != len(again):
        return float("inf")
    return max((_point_difference(a, b) for a, b in zip(recorded, again, strict=True)), default=0.0)


def _point_difference(recorded: CurvePoint, again: CurvePoint) -> float:
    if recorded.metrics.keys() != again.metrics.keys():
        return float("inf")
    first, second = (_timeless(point) for point in (recorded, again))
    pairs = [*zip(first[1:-1], second[1:-1], strict=True)]
    pairs += [(recorded.metrics[name], again.metrics[name]) for name in recorded.metrics]
    return max(_difference(a, b) for a, b in pairs)


def _timeless(point: CurvePoint) -> CurvePoint:
    """Return a point without what a clock measured."""
    return point._replace(seconds=0.0)


def _difference(recorded: float | None, again: float | None) -> float:
    if recorded is None or again is None:
        return 0.0 if recorded is again else float("inf")
    if recorded == again or (np.isnan(recorded) and np.isnan(again)):
        return 0.0
    difference = abs(recorded - again) / max(1.0, abs(recorded))
    return difference if np.isfinite(difference) else float("inf")


def _backwards(table: Table) -> int:
    """Count curves whose seconds decrease, or begin below zero."""
    points = table.curves.all_points()
    seconds = points.values[:, points.names.index("seconds")]
    later = (points.step[1:] > 1) & (np.diff(points.step) == 1)
    wrong = np.zeros(len(seconds), dtype=np.bool_)
    wrong[1:] = later & (np.diff(seconds) < 0)
    wrong |= ~(seconds >= 0)
    curves = np.stack([points.config[wrong], points.replicate[wrong], points.fold[wrong]])
    return int(np.unique(curves, axis=1).shape[1])
