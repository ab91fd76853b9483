"""What a store holds of a chain, whatever executors its runs were carried out on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import orjson

from nasbench_sparse.core.declaration import digest
from nasbench_sparse.core.record import Recording
from nasbench_sparse.core.task import Task
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.chain_walk import Outcome, Path, Placement, outcome_of, walk_all
from nasbench_sparse.runner.plan import PlannedRun

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

_RUNS = """
SELECT run_id, options FROM runs
WHERE fingerprint = ? AND optimizer = ? AND seed = ? AND replicate = ? AND NOT hidden
ORDER BY source_hash = ? DESC, started DESC, run_id
"""


def recorded_paths(chain: Chain, store: Store, seeds: Sequence[int] | None = None) -> list[Path]:
    """Return how far each seed of the chain, and of the baselines that are searched, has come in a store.

    Of runs that differ in executor or workers alone, one that has spent its budget is taken first.
    """

    chosen = chain.seeds if seeds is None else seeds
    return walk_all(chain, chosen, Placement(), partial(_best, store))


def derived_tasks(chain: Chain, store: Store, seeds: Sequence[int] | None = None) -> dict[str, Task]:
    """Return the tasks that a chain has derived so far, by name, rebuilt of recorded incumbents."""
    paths = recorded_paths(chain, store, seeds)
    tasks = [step.plan.task for path in paths for step in path.steps]
    tasks += [path.final.task for path in paths if path.final is not None]
    return {task.name: task for task in tasks if task.derived_from is not None}


def _best(store: Store, plan: PlannedRun) -> Outcome:
    spec = plan.spec
    wanted = (spec.fingerprint, spec.optimizer, spec.seed, spec.replicate, spec.source)
    found = [
        outcome_of(run_id, store.recorded(run_id), plan)
        for run_id, options in store.sql(_RUNS, wanted).iter_rows()
        if digest(orjson.loads(options)) == digest(dict(spec.options))
    ]
    ended = [outcome for outcome in found if outcome.incumbent is not None]
    return next(iter(ended or found), outcome_of(spec.run_id, Recording(), plan))
