"""What the confirmation of a chain recorded: metrics of each method over its finals and the fresh replicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.task import Task
from nasbench_sparse.leaderboard.papers.diverged import counted, diverged
from nasbench_sparse.leaderboard.papers.values import Value
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.runner.chain import Chain, Fixed
from nasbench_sparse.runner.chain_recorded import recorded_paths
from nasbench_sparse.runner.chain_walk import Path

if TYPE_CHECKING:
    from nasbench_sparse.store import Store


@dataclass(frozen=True)
class Confirmed:
    """A chain as far as a store holds it.

    Args:
        read: returns a metric of all trainings of a task, diverged ones `counted`; each is read of the store once.
        paths: its searches and those of its baselines.
        finals: by method, what was trained on the fresh replicates: one for each seed of a chain, or the one. The
            chain itself is called `itself`.
        replicates: the fresh ones.
        lost: by method, how many trainings of its finals on the fresh replicates diverged, and of how many.
    """

    read: Callable[[Task, str, str | int], list[Value]]
    paths: tuple[Path, ...]
    finals: Mapping[str, tuple[Fixed, ...]]
    replicates: tuple[int, ...]
    lost: Mapping[str, tuple[int, int]]

    def by_replicate(self, method: str, metric: str = "test_accuracy", at: str | int = "end") -> dict[int, float]:
        """Return a metric on each replicate, the mean over finals; a replicate that one of them lacks is left out.

        Finals of which nothing was trained are left out. A training that diverged has the accuracy or loss of
        guessing, and none of another metric: then its replicate is left out.

        Args:
            at: see `values`.
        """
        rows = [row for final in self.finals.get(method, ()) if (row := self._row(final, metric, at))]
        shared = [r for r in self.replicates if rows and all(r in row for row in rows)]
        return {r: float(np.mean([row[r] for row in rows])) for r in shared}

    def column(self, method: str, metric: str = "test_accuracy", at: str | int = "end") -> Floats:
        """Return the values of `by_replicate`, (replicates,)."""
        return np.array(list(self.by_replicate(method, metric, at).values()))

    def pairs(
        self, first: str, second: str, metric: str = "test_accuracy", at: str | int = "end"
    ) -> tuple[Floats, Floats]:
        """Align two methods by replicate."""
        one, other = (self.by_replicate(name, metric, at) for name in (first, second))
        shared = [r for r in one if r in other]
        return np.array([one[r] for r in shared]), np.array([other[r] for r in shared])

    def _row(self, final: Fixed, metric: str, at: str | int) -> dict[int, float]:
        return {one.replicate: one.value for one in self.read(final.task, metric, at) if one.config == final.config}


def confirmed(store: Store, chain: Chain, itself: str) -> Confirmed:
    """Read a chain's searches, and what is confirmed of it and of its baselines."""
    paths = recorded_paths(chain, store)
    finals: dict[str, tuple[Fixed, ...]] = {
        itself if search is chain else search.name: tuple(
            path.final for path in paths if path.chain is search and path.final is not None
        )
        for search in chain.searches
    }
    finals |= {baseline.name: (baseline,) for baseline in chain.baselines if isinstance(baseline, Fixed)}
    replicates = () if chain.confirm is None else chain.confirm.replicates
    lost = {method: _lost(store, of, replicates) for method, of in finals.items()}
    return Confirmed(_reader(store), tuple(paths), finals, replicates, lost)


def _lost(store: Store, finals: tuple[Fixed, ...], replicates: tuple[int, ...]) -> tuple[int, int]:
    """Return how many trainings of some finals diverged, and how many trainings they are."""
    found = {
        (final.task.fingerprint, config_key(config), replicate)
        for final in {final.task.fingerprint: final for final in finals}.values()
        for config, replicate in diverged(store, final.task)
    }
    trainings = [(f.task.fingerprint, config_key(f.config), r) for f in finals for r in replicates]
    return sum(training in found for training in trainings), len(trainings)


def _reader(store: Store) -> Callable[[Task, str, str | int], list[Value]]:
    """Return `counted` of a store, which reads nothing twice."""
    held: dict[tuple[str, str, str | int], list[Value]] = {}

    def read(task: Task, metric: str, at: str | int) -> list[Value]:
        key = (task.fingerprint, metric, at)
        if key not in held:
            held[key] = counted(store, task, metric, at)
        return held[key]

    return read
