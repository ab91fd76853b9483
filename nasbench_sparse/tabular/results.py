"""What a study's simulated runs are answered from: the store, and a task's table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nasbench_sparse.core.declaration import digest
from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, SearchStep, Status, Trial
from nasbench_sparse.errors import NbsError, NotInTable, OptimizerError, UnsupportedSpace
from nasbench_sparse.runner.plan import PlannedRun, build_optimizer
from nasbench_sparse.runner.recorded import Recorded
from nasbench_sparse.runner.results import KnownResults
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.places import find_files, find_table
from nasbench_sparse.tabular.searches import Searches, stored_searches
from nasbench_sparse.tabular.stored import builds, stored_table
from nasbench_sparse.tabular.surrogate.results import PredictedResults
from nasbench_sparse.tabular.table import Key, Table

OnMissing = Literal["error", "train"]


@dataclass(frozen=True)
class TabularResults(Recorded):
    """Answers simulated runs from tables, and leaves live ones to the store alone.

    A task is tabular if its table was imported or shipped, or if the store has seen a `table build` of it.

    Args:
        on_missing: what becomes of a trial that is not recorded. "error" ends its run, naming the nearest
            configs; "train" trains and records it. None means: a table's surrogate answers it, marked as predicted;
            without one "error" for a tabular task and "train" for others.
    """

    on_missing: OnMissing | None = None

    @property
    def conditions(self) -> Mapping[str, Any]:
        """See `Recorded.conditions`: with another answer to what is missing a run is another run."""
        return {} if self.on_missing is None else {"on_missing": self.on_missing}

    def known(self, store: Store, task: Task, executor: str) -> KnownResults:
        """See `Recorded.known`.

        Raises:
            TableError: the task's table is damaged, or of another version of the task.
        """
        if executor != "simulated":
            return super().known(store, task, executor)
        table = find_table(task)
        built = (
            stored_table(store, task) if table is None and builds(store, task.fingerprint).enumerations else None
        )
        asked = table or built
        taken = None if table is None else find_files(task)
        besides = None if taken is None else taken.provenance_key
        stored = {} if built is not None else store.results(task.fingerprint, besides=besides)
        refuses = self.on_missing == "error" or (self.on_missing is None and asked is not None)

        def search(step: SearchStep, replicate: int) -> Mapping[int, Evaluation]:
            found = asked.search(step, replicate) if asked is not None else {}
            return found or store.search_results(
                task.fingerprint, replicate, step.method, dict(step.options), step.seed
            )

        def missing(trial: Trial) -> NotInTable:
            return _missing(task, asked, trial)

        recorded = _Layers([*([asked.evaluations] if asked is not None else []), stored])
        refusal = missing if refuses else None
        if self.on_missing is None and asked is not None and asked.surrogate is not None:
            return PredictedResults(asked.surrogate, recorded, search, folds=task.folds, missing=refusal)
        return KnownResults(recorded, search, folds=task.folds, missing=refusal)

    def prepare(self, store: Store, plans: Iterable[PlannedRun]) -> None:
        """Have the store take over the tables that simulated runs are answered from; see `take_over_tables`.

        Raises:
            TableError: see `known`.
        """
        tasks = {plan.spec.fingerprint: plan.task for plan in plans if plan.spec.executor == "simulated"}
        take_over_tables(store, tasks.values())

    def check(self, store: Store, plans: Iterable[PlannedRun]) -> None:
        """Refuse one-shot optimizers whose search is not recorded.

        Raises:
            UnsupportedSpace: naming the search and what to do.
        """
        known: dict[str, KnownResults] = {}
        asks_configs: set[str] = set()
        for plan in plans:
            if plan.spec.executor != "simulated" or not plan.task.searchable:
                continue
            kind = digest([plan.spec.fingerprint, plan.spec.optimizer, plan.spec.source, dict(plan.spec.options)])
            if kind in asks_configs:
                continue
            asked = _first_ask(plan)
            if not isinstance(asked, SearchStep):
                asks_configs.add(kind)
                continue
            if plan.spec.fingerprint not in known:
                known[plan.spec.fingerprint] = self.known(store, plan.task, plan.spec.executor)
            results = known[plan.spec.fingerprint]
            if results.refuses and not results.steps(asked, plan.spec.replicate):
                raise _not_searched(store, plan, asked)


def _first_ask(plan: PlannedRun) -> Any:
    optimizer = build_optimizer(plan)
    try:
        return optimizer.ask()
    except NbsError:
        raise
    except (Exception, SystemExit) as error:
        raise OptimizerError(
            f"optimizer {plan.entry.name!r} raised {type(error).__name__} in its first ask on "
            f"{plan.task.name}: {error}"
        ) from error


def take_over_tables(store: Store, tasks: Iterable[Task]) -> None:
    """Have a store take over the imported or shipped tables of tasks; see `Store.take_over`.

    Raises:
        TableError: a table is damaged, or of another version of its task.
    """
    for task in tasks:
        files = find_files(task)
        if files is not None:
            store.take_over(files)


class _Layers(Mapping[Key, Evaluation]):
    """Several mappings as one: the longest training of a key counts, of equally long ones the first."""

    def __init__(self, layers: Sequence[Mapping[Key, Evaluation]]) -> None:
        self._layers = layers

    def __getitem__(self, key: Key) -> Evaluation:
        found = [layer[key] for layer in self._layers if key in layer]
        if not found:
            raise KeyError(key)
        return found[0] if len(found) == 1 else max(found, key=_extent)

    def __contains__(self, key: object) -> bool:
        return any(key in layer for layer in self._layers)

    def __iter__(self) -> Iterator[Key]:
        return iter({key: None for layer in self._layers for key in layer})

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _extent(evaluation: Evaluation) -> float:
    """Return how many points all folds have; a training that diverged cannot become longer."""
    if evaluation.status is Status.DIVERGED:
        return math.inf
    return min((len(curve) for curve in evaluation.curves), default=0)


def _not_searched(store: Store, plan: PlannedRun, step: SearchStep) -> UnsupportedSpace:
    spec, table = plan.spec, find_table(plan.task)
    held = stored_searches(store, plan.task).rows + (() if table is None else table.searches.rows)
    return UnsupportedSpace(
        f"optimizer {spec.optimizer!r} searches task {spec.task!r} step by step, and its table has no recorded "
        f"search with seed {spec.seed} on replicate {spec.replicate} and its options; recorded are: "
        f"{Searches(held).alternatives(step, spec.replicate)}. Use a recorded one, --on-missing train, or a live "
        "executor"
    )


def _missing(task: Task, table: Table | None, trial: Trial) -> NotInTable:
    remedy = "--on-missing train trains it where the task can be trained"
    if trial.search is not None:
        step = trial.search
        return NotInTable(f"step {step.step} of the search with seed {step.seed} of {task.name!r} is not recorded")
    if table is None:
        return NotInTable(f"task {task.name!r} has no table, and {dict(trial.config)} is not recorded; {remedy}")
    if table.find(trial.config_key, trial.replicate) == -1:
        return NotInTable(f"{table.not_found(trial.config, trial.replicate)}; {remedy}")
    unit = task.fidelity.unit
    return NotInTable(f"{dict(trial.config)} is recorded for fewer than {trial.fidelity} {unit}; {remedy}")
