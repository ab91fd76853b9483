"""Random search: independent draws from the space, the baseline that every other optimizer has to beat."""

from __future__ import annotations

from typing import ClassVar

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.trial import Observation


class RandomSearch(Optimizer):
    """Draw every config independently, with replacement.

    Draws never depend on outcomes, so the sequence is the same for any number of workers.

    References:
        Bergstra and Bengio (2012), Random search for hyper-parameter optimization.
    """

    name: ClassVar[str] = "random"

    def ask(self) -> Config:
        """Return the next draw; never None."""
        return self.space.sample(self.rng)

    def tell(self, observation: Observation) -> None:
        """Learn nothing."""
