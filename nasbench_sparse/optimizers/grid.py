"""Grid search: every point of a regular grid, once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, Literal

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation
from nasbench_sparse.errors import NbsError, unknown

ORDERS = ("shuffled", "lexicographic")
WINDOW = 65_536


class GridSearch(Optimizer):
    """Ask for each config of `space.grid(resolution)` once, then nothing more.

    Shuffled order makes a run that stops early a random sample of the grid. Points are shuffled in a window of
    65,536 that is refilled as it empties: a uniform shuffle of any grid that fits into it, and a bound on memory
    for a larger one.

    Args:
        resolution: levels of each continuous field; other fields take all their values.
        order: "shuffled" by the seed, or "lexicographic" as the space yields them.
    Raises:
        NbsError: an option out of range.
    """

    name: ClassVar[str] = "grid"

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        resolution: int = 5,
        order: Literal["shuffled", "lexicographic"] = "shuffled",
    ) -> None:
        super().__init__(problem, seed=seed)
        if resolution < 1:
            raise NbsError(f"grid: resolution must be at least 1, not {resolution}")
        if order not in ORDERS:
            raise unknown("order of grid", order, ORDERS)
        points = self.space.grid(resolution)
        self._points = self._shuffled(points) if order == "shuffled" else points

    def ask(self) -> Config | None:
        """Return the next point, or None when all were asked for."""
        return next(self._points, None)

    def tell(self, observation: Observation) -> None:
        """Learn nothing."""

    def _shuffled(self, points: Iterator[Config]) -> Iterator[Config]:
        window = list(islice(points, WINDOW))
        while window:
            i = int(self.rng.integers(len(window)))
            window[i], window[-1] = window[-1], window[i]
            yield window.pop()
            window.extend(islice(points, 1))
