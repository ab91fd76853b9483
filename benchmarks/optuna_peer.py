"""The peer: an Optuna study on the synthetic task's space."""

from __future__ import annotations

from typing import Any

import optuna

from benchmarks.table_task import TASK
from nasbench_sparse.testing.problems import SyntheticTask, make_trial


def study(sampler: str, storage: Any = None) -> optuna.Study:
    """Create a study with the sampler "random" or "tpe"; without a storage it is kept in memory."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = {"random": optuna.samplers.RandomSampler(seed=0), "tpe": optuna.samplers.TPESampler(seed=0)}
    return optuna.create_study(sampler=samplers[sampler], storage=storage)


def distributions() -> dict[str, optuna.distributions.BaseDistribution]:
    """Return the genes as Optuna's categorical distributions."""
    operators = TASK.space.operators  # type: ignore[attr-defined]
    return {name: optuna.distributions.CategoricalDistribution(operators) for name in TASK.space.fields}


def optimize(peer: optuna.Study, task: SyntheticTask, trials: int) -> None:
    """Ask, evaluate and tell, one trial after another."""
    fixed = distributions()
    for number in range(trials):
        asked = peer.ask(fixed)
        evaluation, _ = task.evaluate(make_trial(task, asked.params, number=number))
        peer.tell(asked, evaluation.curve[-1].val_loss)
