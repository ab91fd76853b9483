"""Recorded results: where a study looks for what was trained before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nasbench_sparse.core.task import Task
from nasbench_sparse.core.trial import Evaluation, SearchStep
from nasbench_sparse.runner.plan import PlannedRun
from nasbench_sparse.runner.results import KnownResults
from nasbench_sparse.store import Store


class Recorded:
    """Answers from the study's store. A subclass may know more; it is plain data, since processes are sent it."""

    __slots__ = ()

    @property
    def conditions(self) -> Mapping[str, Any]:
        """What it adds to the conditions of simulated runs; see `RunSpec`."""
        return {}

    def known(self, store: Store, task: Task, executor: str) -> KnownResults:
        """Return the known results of a task, for runs on a kind of executor."""

        def search(step: SearchStep, replicate: int) -> Mapping[int, Evaluation]:
            return store.search_results(task.fingerprint, replicate, step.method, dict(step.options), step.seed)

        return KnownResults(store.results(task.fingerprint), search, folds=task.folds)

    def prepare(self, store: Store, plans: Iterable[PlannedRun]) -> None:
        """Make a store ready for these runs and for what is read of them afterwards."""

    def check(self, store: Store, plans: Iterable[PlannedRun]) -> None:
        """Refuse runs that cannot succeed, before anything is run.

        Raises:
            NbsError: saying why.
        """
