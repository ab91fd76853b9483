"""Learning-rate schedules: pure functions of the epoch, the phase's length and the validation losses so far.

A schedule runs over the whole phase, so that a shorter trial is a prefix of a longer one.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nasbench_sparse.core.blueprint import Recipe
from nasbench_sparse.core.ranges import check_number, check_numbers
from nasbench_sparse.errors import TaskError, unknown

RESTART_PERIOD = 12
RESTART_MINIMUM = 5e-5
PLATEAU_FACTOR = 0.05
PLATEAU_PATIENCE = 2
PLATEAU_THRESHOLD = 1e-4


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a phase stands.

    Args:
        epoch: from 0; with a fraction, where the rate changes within an epoch.
        epochs: the phase's length.
        losses: the validation loss of each epoch done.
        warmup: epochs at the start in which the rate grows.
    """

    epoch: float
    epochs: int
    losses: Sequence[float] = ()
    warmup: int = 0

    @property
    def decayed(self) -> float:
        """Share of the phase done, in [0, 1), the warm-up left out."""
        return max(self.epoch - self.warmup, 0) / (self.epochs - self.warmup)


def constant(rate: float, progress: Progress) -> float:
    """The recipe's rate throughout."""
    return rate


def step(rate: float, progress: Progress) -> float:
    """A tenth after half of the phase, a hundredth after three quarters."""
    done = progress.epoch / progress.epochs
    return rate * (0.01 if done >= 0.75 else 0.1 if done >= 0.5 else 1.0)


def linear(rate: float, progress: Progress) -> float:
    """Down to zero in equal steps."""
    return rate * (1.0 - progress.decayed)


def cosine(rate: float, progress: Progress, *, final: float = 0.0) -> float:
    """Half a cosine, from the rate to `final`."""
    return final + 0.5 * (rate - final) * (1.0 + math.cos(math.pi * progress.decayed))


def asni_cosine(rate: float, progress: Progress, *, delta: float = 0.05) -> float:
    """0.5 rate (1 + cos(pi e / ((1 + delta) E))): a cosine cut before it reaches zero.

    References:
        ASNI, section 5.4 (printed without 0.5 and 1 +, which goes negative); delta is 0.05, for ResNet-50 0.04.
    """
    return 0.5 * rate * (1.0 + math.cos(math.pi * progress.decayed / (1.0 + delta)))


def multistep(rate: float, progress: Progress, *, milestones: Sequence[float], factor: float = 0.1) -> float:
    """`factor` of the rate from each of the milestones on, which are epochs counted from the phase's start.

    References:
        GRAFS, table 11 (100 and 150 of 200 epochs); AP, section 3.1 (55 and 70 of 100).
    """
    return float(rate * factor ** sum(progress.epoch >= milestone for milestone in milestones))


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


SCHEDULES: dict[str, Callable[..., float]] = {
    "constant": constant,
    "step": step,
    "linear": linear,
    "cosine": cosine,
    "asni_cosine": asni_cosine,
    "multistep": multistep,
    "halving": halving,
    "plateau": plateau,
    "warm_restarts": warm_restarts,
}


def check_schedule(recipe: Recipe, epochs: int) -> None:
    """Check a recipe's schedule before anything is trained.

    Raises:
        UnknownName: an unknown schedule or option, naming the nearest ones.
        TaskError: the warm-up is as long as the phase, an option without a default is missing, or one is negative
            or no number.
    """
    if recipe.schedule not in SCHEDULES:
        raise unknown("schedule", recipe.schedule, SCHEDULES)
    options = {
        n: p
        for n, p in inspect.signature(SCHEDULES[recipe.schedule]).parameters.items()
        if p.kind is p.KEYWORD_ONLY
    }
    given = dict(recipe.schedule_options)
    for name, value in given.items():
        if name not in options:
            raise unknown(f"option of schedule {recipe.schedule!r}", name, options)
        check = check_numbers if name == "milestones" else check_number
        check(f"option {name!r} of schedule {recipe.schedule!r}", value, least=0.0)
    missing = [name for name, option in options.items() if option.default is option.empty and name not in given]
    if missing:
        raise TaskError(f"schedule {recipe.schedule!r} needs the option {missing[0]!r} in `schedule_options`")
    if recipe.warmup_epochs >= epochs and recipe.warmup_epochs:
        raise TaskError(f"a warm-up of {recipe.warmup_epochs} epochs fills the whole training of {epochs}")


def learning_rate(recipe: Recipe, progress: Progress) -> float:
    """Return the rate of one epoch, or of one step where the recipe says so.

    A warm-up of W epochs ends with the full rate in epoch W (counted from 1); within epochs it starts at zero.

    Raises:
        UnknownName: an unknown schedule, naming the nearest ones.
    """
    if recipe.schedule not in SCHEDULES:
        raise unknown("schedule", recipe.schedule, SCHEDULES)
    progress = replace(progress, warmup=recipe.warmup_epochs)
    rate = SCHEDULES[recipe.schedule](recipe.learning_rate, progress, **dict(recipe.schedule_options))
    if progress.epoch < recipe.warmup_epochs:
        done = progress.epoch + (1.0 if recipe.schedule_every == "epoch" else 0.0)
        rate *= min(done / recipe.warmup_epochs, 1.0)
    return rate
