"""Signal of a task: how well one replicate's ranking of configs predicts another's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.task import Signal, Task
from nasbench_sparse.core.trial import Status, Trial

RESAMPLES = 2000


def measure(task: Task, configs: int = 50) -> tuple[Signal, float]:
    """Train random configs on replicates 0 and 1 to the full fidelity.

    The configs are drawn from `numpy.random.default_rng(0)`.

    Returns:
        The signal, and the mean training seconds of an evaluation.
    """
    rng = np.random.default_rng(0)
    drawn = [task.space.sample(rng) for _ in range(configs)]
    losses, seconds = np.empty((2, configs)), 0.0
    for replicate in range(2):
        for i, config in enumerate(drawn):
            trial = Trial(i, config, config_key(config), task.fidelity.max, replicate)
            evaluation, _ = task.evaluate(trial)
            seconds += evaluation.seconds
            finished = evaluation.status is Status.OK
            losses[replicate, i] = task.objective.loss(evaluation.curve[-1]) if finished else task.objective.worst
    return signal_of(losses), seconds / (2 * configs)


def signal_of(losses: npt.NDArray[np.float64] | Sequence[Sequence[float]]) -> Signal:
    """Return Kendall's tau-b of two replicates' losses (2, configs), with a 95 % percentile bootstrap interval.

    The interval resamples configs; a resample whose losses are all equal is left out.
    """
    values = np.asarray(losses, dtype=np.float64)
    count = values.shape[1]
    rng = np.random.default_rng(0)
    draws = [_tau(values[:, rng.integers(count, size=count)]) for _ in range(RESAMPLES)]
    low, high = np.nanquantile(draws, (0.025, 0.975))
    better = np.argsort(values.mean(axis=0), kind="stable")[: count // 2]
    return Signal(
        round(_tau(values), 2),
        (round(float(low), 2), round(float(high), 2)),
        round(_tau(values[:, better]), 2),
        count,
    )


def _tau(losses: npt.NDArray[np.float64]) -> float:
    from scipy.stats import kendalltau

    return float(kendalltau(losses[0], losses[1]).statistic)
