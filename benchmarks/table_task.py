"""A synthetic task whose results are all known, as in a store that covers its space."""

from __future__ import annotations

from functools import cache

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.trial import Evaluation
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.runner.plan import PlannedRun, plan_run
from nasbench_sparse.testing.problems import SyntheticTask, make_trial
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace

SPACE = ChromosomeSpace(length=4)
TASK = SyntheticTask(name="synthetic-table", space=SPACE)
"""625 configs, 9 epochs, nothing to train."""


@cache
def recorded() -> dict[tuple[str, int], Evaluation]:
    """Return the evaluation of every config at the full fidelity, by config_key and replicate."""
    trials = (make_trial(TASK, config) for config in SPACE.grid(1))
    return {(trial.config_key, trial.replicate): TASK.evaluate(trial)[0] for trial in trials}


def plan(
    optimizer: str, trials: int, *, seed: int = 0, workers: int = 1, executor: str = "simulated"
) -> PlannedRun:
    """Plan a run on the task."""
    budget = Budget("trials", trials)
    return plan_run(TASK, load_optimizer(optimizer), budget, seed=seed, workers=workers, executor=executor)
