"""The peer: an Optuna study on the synthetic task's space."""

from __future__ import annotations

from typing import Any

import optuna

from benchmarks.table_task import SPACE, TASK, recorded
from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.testing.problems import make_trial


def study(sampler: str, storage: Any = None) -> optuna.Study:
    """Create a study with the sampler "random" or "tpe"; without a storage it is kept in memory."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = {"random": optuna.samplers.RandomSampler(seed=0), "tpe": optuna.samplers.TPESampler(seed=0)}
    return optuna.create_study(sampler=samplers[sampler], storage=storage)


def distributions() -> dict[str, optuna.distributions.BaseDistribution]:
    """Return the genes as Optuna's categorical distributions."""
    return {name: optuna.distributions.CategoricalDistribution(SPACE.operators) for name in SPACE.fields}


def evaluated(config: Config) -> float:
    """Return the loss of a config, computed now."""
    return TASK.evaluate(make_trial(TASK, config))[0].curve[-1].val_loss


def looked_up(config: Config) -> float:
    """Return the loss of a config, as recorded."""
    return recorded()[config_key(config), 0].curve[-1].val_loss


def optimize(peer: optuna.Study, trials: int, *, known: bool) -> None:
    """Ask, evaluate (or look up) and tell, one trial after another."""
    fixed, loss = distributions(), looked_up if known else evaluated
    for _ in range(trials):
        trial = peer.ask(fixed)
        peer.tell(trial, loss(trial.params))
