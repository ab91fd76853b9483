"""Late acceptance hill climbing (LAHC): compare each candidate with the cost of some iterations ago."""

from __future__ import annotations

from typing import ClassVar, Literal

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation
from nasbench_sparse.errors import NbsError, unknown

VARIANTS = ("2017", "2012")


class LateAcceptanceHillClimbing(Optimizer):
    """Accept a neighbour that is better than the cost `history_length` iterations ago, or no worse than now.

    With history f[0..L-1], current cost C, candidate cost C* and v = I mod L in iteration I:

    - variant "2017": accept when C* < f[v] or C* <= C; then f[v] = C if C < f[v].
    - variant "2012": accept when C* <= f[v] or C* <= C; then f[v] = C always.

    The walk is sequential: one trial is outstanding at a time, whatever the number of workers.

    Args:
        history_length: L; 3 in SAFS.
        variant: the published algorithm, or the rule of the 2012 technical report.
        iterations: candidates after the initial config (20 in SAFS), or None to go on while there is budget.
    Raises:
        NbsError: an option out of range.
    References:
        Burke and Bykov (2017), The late acceptance hill-climbing heuristic, figure 1; SAFS (Loni et al., 2023),
        section 4.2.
    """

    name: ClassVar[str] = "lahc"

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        history_length: int = 3,
        variant: Literal["2017", "2012"] = "2017",
        iterations: int | None = None,
    ) -> None:
        super().__init__(problem, seed=seed)
        if history_length < 1:
            raise NbsError(f"lahc: history_length must be at least 1, not {history_length}")
        if variant not in VARIANTS:
            raise unknown("variant of lahc", variant, VARIANTS)
        if iterations is not None and iterations < 0:
            raise NbsError(f"lahc: iterations must be None or at least 0, not {iterations}")
        self.history_length = history_length
        self.variant = variant
        self.iterations = iterations
        self.history: list[float] = []
        self.current: Config | None = None
        self.iteration = 0
        self._waiting = False

    def ask(self) -> Config | None:
        """Return the initial config, then neighbours of the current one; None while one is outstanding."""
        if self._waiting or (self.current is not None and self.iteration == self.iterations):
            return None
        self._waiting = True
        if self.current is None:
            return self.space.sample(self.rng)
        return self.space.neighbour(self.current, self.rng)

    def tell(self, observation: Observation) -> None:
        """Accept or reject the outstanding candidate."""
        self._waiting = False
        if self.current is None:
            self.current, self.cost = observation.config, observation.loss
            self.history = [observation.loss] * self.history_length
            return
        v = self.iteration % self.history_length
        if self._accepts(observation.loss, self.history[v]):
            self.current, self.cost = observation.config, observation.loss
        if self.variant == "2012" or self.cost < self.history[v]:
            self.history[v] = self.cost
        self.iteration += 1

    def _accepts(self, candidate: float, late: float) -> bool:
        if candidate <= self.cost:
            return True
        return candidate < late if self.variant == "2017" else candidate <= late
