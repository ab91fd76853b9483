"""Simulated annealing: accept a worse neighbour with a probability that falls as the temperature cools."""

from __future__ import annotations

import math
import statistics
from typing import ClassVar

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation, Status
from nasbench_sparse.errors import NbsError


class SimulatedAnnealing(Optimizer):
    """Metropolis acceptance under geometric cooling, on the scale of the losses seen.

    First `calibration` random configs are evaluated, in parallel where there are workers; the walk starts at the
    best of them. Then, for neighbours k = 0, 1, 2, ..., one at a time,

        T_k = T_max (T_min / T_max) ** (min(k, steps) / steps),

    and a neighbour whose loss is worse by d > 0 is accepted if u < exp(-d / T_k), u uniform in [0, 1). After
    `steps` neighbours the temperature stays at T_min. A temperature foreign to the losses' scale makes a random
    walk or a greedy descent of this method, hence the calibration: T_max is the standard deviation of the losses of
    the random configs that finished. Where it is 0 (or fewer than two finished), no worse neighbour is accepted.

    Args:
        steps: neighbours over which the temperature falls from T_max to T_min.
        calibration: random configs at the beginning, at least 1.
        t_max: the first temperature, in units of the loss, or None to calibrate it.
        t_min_ratio: T_min / T_max, in (0, 1].
    Raises:
        NbsError: an option out of range.
    References:
        Kirkpatrick et al. (1983), Optimization by simulated annealing; Metropolis et al. (1953).
    """

    name: ClassVar[str] = "sa"

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        steps: int = 100,
        calibration: int = 10,
        t_max: float | None = None,
        t_min_ratio: float = 0.01,
    ) -> None:
        super().__init__(problem, seed=seed)
        if steps < 1 or calibration < 1:
            raise NbsError(f"sa: steps and calibration must be at least 1, not {steps} and {calibration}")
        if t_max is not None and not t_max > 0:
            raise NbsError(f"sa: t_max must be positive or None, not {t_max}")
        if not 0 < t_min_ratio <= 1:
            raise NbsError(f"sa: t_min_ratio must be in (0, 1], not {t_min_ratio}")
        self.steps = steps
        self.calibration = calibration
        self.t_max = t_max
        self.t_min_ratio = t_min_ratio
        self.current: Config = {}
        self.cost = math.inf
        self.step = 0
        self._asked = self._told = 0
        self._calibrating: list[float] = []

    @property
    def temperature(self) -> float:
        """T_k for the neighbour to be accepted or rejected next; 0 before calibration."""
        cooled: float = self.t_min_ratio ** (min(self.step, self.steps) / self.steps)
        return (self.t_max or 0.0) * cooled

    def ask(self) -> Config | None:
        """Return a random config while calibrating, else a neighbour; None while one must be waited for."""
        if self._asked < self.calibration:
            self._asked += 1
            return self.space.sample(self.rng)
        if self._told < self._asked:
            return None
        self._asked += 1
        return self.space.neighbour(self.current, self.rng)

    def tell(self, observation: Observation) -> None:
        """Take a calibration result, or accept or reject the outstanding neighbour."""
        self._told += 1
        if self._told <= self.calibration:
            self._calibrate(observation)
        elif self._accepts(observation.loss - self.cost):
            self.current, self.cost = observation.config, observation.loss
        if self._told > self.calibration:
            self.step += 1

    def _calibrate(self, observation: Observation) -> None:
        if observation.status is Status.OK:
            self._calibrating.append(observation.loss)
        if observation.loss < self.cost:
            self.current, self.cost = observation.config, observation.loss
        if self._told == self.calibration and self.t_max is None:
            spread = self._calibrating
            self.t_max = statistics.pstdev(spread) if len(spread) > 1 else 0.0

    def _accepts(self, difference: float) -> bool:
        u = float(self.rng.random())  # drawn every time, so that the stream does not depend on the outcome
        if difference <= 0.0:
            return True
        temperature = self.temperature
        return temperature > 0.0 and u < math.exp(-difference / temperature)
