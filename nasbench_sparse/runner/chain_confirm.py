"""Confirmation: runs that train one config each, on a fresh replicate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import Config
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.run import CONFIRMATION
from nasbench_sparse.core.trial import Observation
from nasbench_sparse.registry import OptimizerEntry
from nasbench_sparse.runner.chain import Confirmation, Fixed
from nasbench_sparse.runner.chain_walk import Placement
from nasbench_sparse.runner.plan import PlannedRun, plan_run


class Retraining(Optimizer):
    """Asks for one given config, once."""

    name: ClassVar[str] = CONFIRMATION

    def __init__(self, problem: Problem, *, seed: int, config: dict[str, Any]) -> None:
        super().__init__(problem, seed=seed)
        self._left: Config | None = config

    def ask(self) -> Config | None:
        """Return the config, then None."""
        config, self._left = self._left, None
        return config

    def tell(self, observation: Observation) -> None:
        """Learn nothing."""


ENTRY = OptimizerEntry(CONFIRMATION, "1", Retraining)


def plan_confirmation(
    finals: Iterable[Fixed], confirmation: Confirmation, placement: Placement
) -> list[PlannedRun]:
    """Plan the trainings of what searches ended with and of baselines, each once, replicate after replicate.

    Leaderboards do not show these runs, whose study is "confirmation".

    Raises:
        NbsError: a replicate that a task does not have.
    """
    finals = list(finals)
    plans = [
        plan_run(
            final.task,
            ENTRY,
            Budget("trials", 1),
            seed=0,
            options={"config": dict(final.config)},
            replicate=replicate,
            executor=placement.executor,
            study=CONFIRMATION,
            conditions=placement.conditions,
        )
        for replicate in confirmation.replicates
        for final in finals
    ]
    return list({plan.spec.run_id: plan for plan in plans}.values())
