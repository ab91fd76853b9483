"""Suites: which runs one plans, and mistakes in names found before anything is computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from nasbench_sparse.errors import UnknownName, unknown
from nasbench_sparse.leaderboard.runs import Contender
from nasbench_sparse.store import Store

if TYPE_CHECKING:
    from nasbench_sparse.core.run import RunSpec


def suite_runs(store: Store, suite: str) -> list[str]:
    """Return ids of the runs that a suite plans, see `suite_specs`."""
    return [spec.run_id for spec in suite_specs(store, suite)]


def suite_specs(store: Store, suite: str) -> list[RunSpec]:
    """Return the runs that a registered suite plans; none for a study that only the store knows.

    Raises:
        UnknownName: neither; the nearest names are given.
    """
    from nasbench_sparse.registry import all_suites, load_suite
    from nasbench_sparse.runner.plan import plan_suite

    try:
        return [plan.spec for plan in plan_suite(load_suite(suite))]
    except UnknownName:
        held = set(store.sql("SELECT DISTINCT study FROM runs WHERE study <> ''")["study"])
        if suite in held:
            return []
        raise unknown("suite", suite, held | set(all_suites())) from None


def contender_of(spec: RunSpec) -> Contender:
    """Return the contender that a run is of."""
    return Contender.of(spec.optimizer, spec.options, spec.workers)


def planned_keys(specs: Iterable[RunSpec]) -> dict[tuple[Contender, str], frozenset[tuple[int, int]]]:
    """Return the (seed, replicate) of the planned runs of each contender on each task."""
    keys: defaultdict[tuple[Contender, str], set[tuple[int, int]]] = defaultdict(set)
    for spec in specs:
        keys[contender_of(spec), spec.task].add((spec.seed, spec.replicate))
    return {which: frozenset(held) for which, held in keys.items()}


def check_held(
    store: Store, *, tasks: Collection[str] = (), family: str | None = None, space: str | None = None
) -> None:
    """Refuse names of which the store holds nothing.

    Raises:
        UnknownName: naming the nearest.
    """
    wanted = {"name": tasks, "family": [family] if family else [], "space": [space] if space else []}
    if not any(wanted.values()):
        return
    frame = store.sql("SELECT DISTINCT name, family, declaration ->> '$.space.type' AS space FROM tasks")
    for column, names in wanted.items():
        held = {name for name in frame[column] if name is not None}
        for name in names:
            if name not in held:
                raise unknown(f"{'task' if column == 'name' else column} in {store.path}", name, held)
