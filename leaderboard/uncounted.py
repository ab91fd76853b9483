"""Uncounted: what a comparison lacks: runs unplanned, hidden or failed, and tasks that are not served."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import orjson

from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.comparison import FailedRun
from nasbench_sparse.leaderboard.runs import Contender, labels
from nasbench_sparse.leaderboard.suites import contender_of
from nasbench_sparse.store import Store

if TYPE_CHECKING:
    from nasbench_sparse.core.run import RunSpec

HIDDEN = "SELECT run_id FROM runs WHERE hidden AND list_contains(?, run_id)"

LEFT_OUT = """
SELECT optimizer, options, workers, source_hash AS source, count(*)::INT AS runs FROM visible_runs
WHERE study = ? AND NOT list_contains(?, run_id) GROUP BY ALL ORDER BY ALL
"""


def hidden_runs(store: Store, planned: Iterable[RunSpec]) -> Counter[Contender]:
    """Count each contender's planned runs that a store hides."""
    specs = {spec.run_id: spec for spec in planned}
    hidden = sorted(store.sql(HIDDEN, (list(specs),))["run_id"])
    return Counter(contender_of(specs[run_id]) for run_id in hidden)


def check_shown(hidden: Mapping[Contender, int], newcomer: Contender, baseline: Contender) -> None:
    """Refuse to test what is required on a choice of runs.

    Raises:
        NbsError: planned runs of the newcomer or of the baseline are hidden.
    """
    names = labels((newcomer, baseline))
    counts = [f"{hidden[who]:,} of {name}" for who, name in names.items() if who in hidden]
    if counts:
        raise NbsError(
            f"planned runs are hidden: {'; '.join(counts)}; what is required is tested on all of them, so show "
            'each with `store unhide RUN` (`query "SELECT run_id FROM runs WHERE hidden"` lists them)'
        )


def hidden_sentence(hidden: Mapping[str, int]) -> str | None:
    """Say how many planned runs of each contender are hidden; None where none are."""
    if not hidden:
        return None
    return f"Hidden, though planned: {'; '.join(f'{runs:,} of {name}' for name, runs in sorted(hidden.items()))}."


def failed_runs(
    errors: Mapping[str, str], planned: Iterable[RunSpec], names: Mapping[Contender, str]
) -> dict[str, FailedRun]:
    """Return the runs that failed by run id, of which the errors are given."""
    specs = {spec.run_id: spec for spec in planned}
    return {
        run_id: FailedRun(
            contender=names[contender_of(specs[run_id])],
            task=specs[run_id].task,
            seed=specs[run_id].seed,
            error=error,
        )
        for run_id, error in errors.items()
    }


def failed_sentence(failed: Iterable[FailedRun]) -> str | None:
    """Say how many runs of each contender failed on each task; None where none did."""
    counts = Counter((run.contender, run.task) for run in failed)
    if not counts:
        return None
    told = (f"{runs:,} of {name} on {task}" for (name, task), runs in sorted(counts.items()))
    return f"Failed runs: {'; '.join(told)}."


def left_out_sentence(store: Store, suite: str, planned: Collection[RunSpec]) -> str | None:
    """Name the runs made for a suite that are not compared; None where there are none."""
    rows = store.sql(LEFT_OUT, (suite, [spec.run_id for spec in planned])).iter_rows()
    others = [
        (Contender.of(optimizer, orjson.loads(options or "{}"), workers), source, runs)
        for optimizer, options, workers, source, runs in rows
    ]
    if not others:
        return None
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for spec in planned:
        sources[spec.optimizer].add(spec.source)
    names = labels(sorted({*map(contender_of, planned), *(who for who, _, _ in others)}))
    told = [
        f"{runs:,} of {names[who]}"
        + (f" from another source, {source}" if source not in sources.get(who.optimizer, {source}) else "")
        for who, source, runs in others
    ]
    return f"Left out, since neither suite {suite} nor this newcomer plans them, are runs: {'; '.join(told)}."


def skipped_sentence(newcomer: str, skipped: Collection[str]) -> str | None:
    """Name the tasks that a newcomer cannot serve; None where it serves all."""
    return f"{newcomer} cannot serve {', '.join(skipped)}." if skipped else None
