"""How good a surrogate is on configs it was not fitted on, and the least that is accepted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nasbench_sparse.errors import TableError

Floats = npt.NDArray[np.float64]

LEAST_R2 = 0.7
LEAST_TAU = 0.6
LEAST_SECONDS_R2 = 0.0
"""Seconds that are predicted worse than by their mean are given up: every config then takes the mean."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Predicted against recorded numbers of held-out configs; None where the recorded ones are all equal.

    Args:
        r2: share of the variance explained.
        tau: Kendall's tau-b.
        better_half: the same among the configs whose recorded number is in the lower half.
    """

    r2: float | None
    tau: float | None
    better_half: float | None


@dataclass(frozen=True, slots=True)
class Quality:
    """Held-out quality, every config predicted once by a model that has seen none of its trainings.

    Args:
        configs: how many were held out in turn.
        folds: parts of the cross-validation, split by config.
        loss: the task's loss at the full fidelity, the mean over replicates; what is accepted depends on it.
        val_loss: the same of the validation loss.
        seconds: of whole trainings, as the trees predict them.
        diverged: share of the configs that mostly diverged.
        divergence_found: share of those that were predicted to; None if there are none.
        false_divergence: share of the others that were.
        mean_seconds: whether the surrogate predicts the mean seconds of all configs for each of them.
    """

    configs: int
    folds: int
    loss: Agreement
    val_loss: Agreement
    seconds: Agreement
    diverged: float
    divergence_found: float | None
    false_divergence: float
    mean_seconds: bool = False

    @property
    def seconds_fail(self) -> bool:
        """Whether the trees predict seconds worse than their mean does."""
        return self.seconds.r2 is not None and self.seconds.r2 < LEAST_SECONDS_R2

    def check(self, task: str) -> None:
        """Refuse a surrogate that is not good enough.

        Raises:
            TableError: with the numbers, and what to do.
        """
        r2, tau = self.loss.r2, self.loss.tau
        if r2 is None or tau is None or r2 < LEAST_R2 or tau < LEAST_TAU:
            raise TableError(
                f"the surrogate of {task!r} is not good enough: on held-out configs R2 is {shown(r2)} and "
                f"Kendall's tau {shown(tau)}, at least {LEAST_R2} and {LEAST_TAU} are needed; it was fitted on "
                f"{self.configs:,} configs: build the table with more of them, or with more replicates if they "
                "disagree, and fit again"
            )
        if self.seconds_fail and not self.mean_seconds:
            raise TableError(
                f"the surrogate of {task!r} predicts seconds worse than their mean: on held-out configs R2 is "
                f"{shown(self.seconds.r2)}; `table fit` fits one that predicts the mean"
            )


def compare(predicted: Floats, recorded: Floats) -> Agreement:
    """Compare two arrays of (configs,) numbers."""
    variance = float(((recorded - recorded.mean()) ** 2).sum()) if len(recorded) else 0.0
    if variance <= 0.0:
        return Agreement(None, None, None)
    better = recorded <= np.median(recorded)
    return Agreement(
        1.0 - float(((predicted - recorded) ** 2).sum()) / variance,
        _tau(predicted, recorded),
        _tau(predicted[better], recorded[better]),
    )


def shown(value: float | None) -> str:
    """Write a number of a quality."""
    return "unknown" if value is None else f"{value:.2f}"


def _tau(predicted: Floats, recorded: Floats) -> float | None:
    from scipy.stats import kendalltau

    if len(set(recorded.tolist())) < 2:
        return None
    tau = float(kendalltau(predicted, recorded).statistic)
    return tau if np.isfinite(tau) else 0.0  # all predictions are equal
