"""What the confirmation of a chain recorded: metrics of each method over its finals and the fresh replicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.core.task import Task
from nasbench_sparse.leaderboard.papers.values import Value, values
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
        read: returns a metric of all trainings of a task; each is read of the store once.
        paths: its searches and those of its baselines.
        finals: by method, what was trained on the fresh replicates: one for each seed of a chain, or the one. The
            chain itself is called `itself`.
        replicates: the fresh ones.
    """

    read: Callable[[Task, str, str | int], list[Value]]
    paths: tuple[Path, ...]
    finals: Mapping[str, tuple[Fixed, ...]]
    replicates: tuple[int, ...]

    def by_replicate(self, method: str, metric: str = "test_accuracy", at: str | int = "end") -> dict[int, float]:
        """Return a metric on each replicate, the mean over finals; a replicate that one of them lacks is left out.

        Finals of which nothing was trained are left out; so are trainings that diverged, with their replicate.

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
    return Confirmed(_reader(store), tuple(paths), finals, replicates)


def _reader(store: Store) -> Callable[[Task, str, str | int], list[Value]]:
    """Return `values` of a store, which reads nothing twice."""
    held: dict[tuple[str, str, str | int], list[Value]] = {}

    def read(task: Task, metric: str, at: str | int) -> list[Value]:
        key = (task.fingerprint, metric, at)
        if key not in held:
            held[key] = values(store, task, metric, at)
        return held[key]

    return read
