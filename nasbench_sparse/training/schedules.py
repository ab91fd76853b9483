"""Learning-rate schedules: pure functions of the epoch, the phase's length and the validation losses so far.

A schedule runs over the whole phase, so that a shorter trial is a prefix of a longer one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nasbench_sparse.core.blueprint import Recipe
from nasbench_sparse.errors import unknown

RESTART_PERIOD = 12
RESTART_MINIMUM = 5e-5
PLATEAU_FACTOR = 0.05
PLATEAU_PATIENCE = 2
PLATEAU_THRESHOLD = 1e-4


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a phase stands: `epoch` (from 0) of `epochs`, and the validation loss of each epoch done."""

    epoch: int
    epochs: int
    losses: Sequence[float] = ()


def constant(rate: float, progress: Progress) -> float:
    """The recipe's rate throughout."""
    return rate


def step(rate: float, progress: Progress) -> float:
    """A tenth after half of the phase, a hundredth after three quarters."""
    done = progress.epoch / progress.epochs
    return rate * (0.01 if done >= 0.75 else 0.1 if done >= 0.5 else 1.0)


def linear(rate: float, progress: Progress) -> float:
    """Down to zero in equal steps."""
    return rate * (1.0 - progress.epoch / progress.epochs)


def cosine(rate: float, progress: Progress) -> float:
    """Half a cosine, from the rate to zero."""
    return 0.5 * rate * (1.0 + math.cos(math.pi * progress.epoch / progress.epochs))


def halving(rate: float, progress: Progress) -> float:
    """0.001 * 0.5 ** (epoch // 20), whatever the recipe's rate.

    References:
        SAFS, section 4.3 (printed with a modulo; the integer division is meant).
    """
    return float(0.001 * 0.5 ** (progress.epoch // 20))


def plateau(rate: float, progress: Progress) -> float:
    """A twentieth each time the validation loss has not fallen by 0.01 % of its best for more than two epochs.

    References:
        SAFS, table 6 (factor 0.05, patience 2, relative threshold 1e-4).
    """
    best, waited = math.inf, 0
    for loss in progress.losses:
        if loss < best * (1.0 - PLATEAU_THRESHOLD):
            best, waited = loss, 0
        else:
            waited += 1
        if waited > PLATEAU_PATIENCE:
            rate, waited = rate * PLATEAU_FACTOR, 0
    return rate


def warm_restarts(rate: float, progress: Progress) -> float:
    """A cosine from the rate to 5e-5 that starts again every 12 epochs.

    References:
        Loshchilov and Hutter (2017); the constants are those of SAFS, tables 5-7.
    """
    turn = math.pi * (progress.epoch % RESTART_PERIOD) / RESTART_PERIOD
    return RESTART_MINIMUM + 0.5 * (rate - RESTART_MINIMUM) * (1.0 + math.cos(turn))


SCHEDULES: dict[str, Callable[[float, Progress], float]] = {
    "constant": constant,
    "step": step,
    "linear": linear,
    "cosine": cosine,
    "halving": halving,
    "plateau": plateau,
    "warm_restarts": warm_restarts,
}


def learning_rate(recipe: Recipe, progress: Progress) -> float:
    """Return the rate of one epoch.

    Raises:
        UnknownName: an unknown schedule, naming the nearest ones.
    """
    if recipe.schedule not in SCHEDULES:
        raise unknown("schedule", recipe.schedule, SCHEDULES)
    return SCHEDULES[recipe.schedule](recipe.learning_rate, progress)
