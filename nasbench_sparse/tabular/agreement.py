"""Agreement between a table's replicates: how far its ranking of configs is signal, and where noise begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

Losses = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Kendall's tau-b between the replicates' final losses, over configs that all replicates have.

    Args:
        tau: the mean over pairs of replicates; None with one replicate, or where losses are all equal.
        better_half: the same among the half of the configs whose mean is better.
        ceiling: tau between one replicate and the mean of the others, averaged: about what a perfect prediction
            of the mean would reach against one replicate.
        noise: standard deviation of a config's loss over replicates (root of the mean variance), in units of loss.
        configs, replicates: how many there were.
    """

    tau: float | None
    better_half: float | None
    ceiling: float | None
    noise: float | None
    configs: int
    replicates: int


def measure_agreement(losses: Losses) -> Agreement:
    """Compare the columns of losses (configs, replicates), NaN where a training is missing.

    Replicates without a training count as absent, then configs that lack one of the others are left out.
    """
    present = losses[:, ~np.isnan(losses).all(axis=0)]
    whole = present[~np.isnan(present).any(axis=1)]
    configs, replicates = whole.shape
    if replicates < 2 or configs < 2:
        return Agreement(None, None, None, None, configs, replicates)
    better = np.argsort(whole.mean(axis=1), kind="stable")[: max(2, configs // 2)]
    others = [(r, np.delete(whole, r, axis=1).mean(axis=1)) for r in range(replicates)]
    return Agreement(
        _mean(_pairs(whole)),
        _mean(_pairs(whole[better])),
        _mean([_tau(whole[:, r], rest) for r, rest in others]),
        float(np.sqrt(whole.var(axis=1, ddof=1).mean())),
        configs,
        replicates,
    )


def _pairs(losses: Losses) -> list[float]:
    return [_tau(losses[:, a], losses[:, b]) for a, b in combinations(range(losses.shape[1]), 2)]


def _tau(first: Losses, second: Losses) -> float:
    from scipy.stats import kendalltau

    return float(kendalltau(first, second).statistic)


def _mean(values: Sequence[float]) -> float | None:
    mean = float(np.mean(values))
    return mean if np.isfinite(mean) else None
