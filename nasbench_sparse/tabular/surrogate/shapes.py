"""Learning curves in few numbers: a mean curve and the principal directions in which configs depart from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nasbench_sparse.tabular.surrogate.exponential import exp

Floats = npt.NDArray[np.float64]

EXPLAINED = 0.995
"""Share of the variance that the directions are to explain, none of them less than the rest could."""

MOST_DIRECTIONS = 6

LEAST_LOSS = 1e-6
"""Losses are learnt as logarithms, those below this as its."""


@dataclass(frozen=True, slots=True, eq=False)
class CurveShapes:
    """Curves (fields, steps) as a mean curve plus scores times directions; losses as logarithms.

    Seconds are a rate times a course that all configs share, so they always increase. The last score is the
    rate's; all scores have mean 0 and variance 1 over the configs learnt from.

    Args:
        fields: names of the columns.
        mean: (fields, steps).
        directions: (scores - 1, fields, steps).
        course: (steps,) cumulative seconds over those of a whole training, increasing to 1.
        rate: mean and standard deviation of the logarithm of a whole training's seconds.
    """

    fields: tuple[str, ...]
    mean: Floats
    directions: Floats
    course: Floats
    rate: tuple[float, float]

    @property
    def outputs(self) -> int:
        """How many scores a curve has."""
        return len(self.directions) + 1

    def values(self, scores: Floats) -> Floats:
        """Return the curves (fields, steps) of scores; losses are positive, accuracies and densities in [0, 1]."""
        curves = self.mean.copy()
        for score, direction in zip(scores.tolist(), self.directions, strict=False):
            curves += score * direction  # not a matrix product, whose bits depend on the machine
        losses = _losses(self.fields)
        curves[losses] = exp(curves[losses])
        curves[~losses] = np.clip(curves[~losses], 0.0, 1.0)
        return curves

    def seconds(self, scores: Floats) -> Floats:
        """Return the cumulative seconds (steps,) of scores."""
        mean, deviation = self.rate
        return exp(np.array([mean + deviation * float(scores[-1])])) * self.course

    def at_rate(self, seconds: float) -> CurveShapes:
        """Return the same curves where every whole training takes so many seconds."""
        return replace(self, rate=(float(np.log(seconds)), 0.0))


def learn_shapes(fields: tuple[str, ...], values: Floats, seconds: Floats) -> tuple[CurveShapes, Floats]:
    """Return the shapes of curves, and the scores (configs, outputs) of each.

    Args:
        values: (configs, fields, steps).
        seconds: (configs, steps), cumulative.
    """
    configs = len(values)
    losses = _losses(fields)
    curves = values.copy()
    curves[:, losses] = np.log(np.maximum(curves[:, losses], LEAST_LOSS))
    mean = curves.mean(axis=0)
    spread = curves.std(axis=0)
    spread[spread < 1e-9] = 0.0
    away = np.divide(curves - mean, spread, out=np.zeros_like(curves), where=spread > 0).reshape(configs, -1)
    left, sizes, right = np.linalg.svd(away, full_matrices=False)
    kept = _directions(sizes)
    signs = np.where(right[:kept].sum(axis=1) < 0, -1.0, 1.0)
    scores = left[:, :kept] * signs * np.sqrt(configs)
    directions = (right[:kept] * (signs * sizes[:kept] / np.sqrt(configs))[:, None]).reshape(kept, *mean.shape)
    total = np.log(np.maximum(seconds[:, -1], 1e-9))
    rate = float(total.mean()), float(total.std())
    pace = (total - rate[0]) / rate[1] if rate[1] > 0 else np.zeros(configs)
    shapes = CurveShapes(fields, mean, directions * spread, _course(seconds), rate)
    return shapes, np.column_stack([scores, pace])


def _directions(sizes: Floats) -> int:
    """Return how many directions explain `EXPLAINED` of the variance, at most `MOST_DIRECTIONS`."""
    power = np.cumsum(sizes**2)
    if not len(power) or power[-1] <= 0:
        return 0
    return min(int(np.searchsorted(power / power[-1], EXPLAINED)) + 1, MOST_DIRECTIONS, len(power))


def _course(seconds: Floats) -> Floats:
    """Return the mean course of seconds, each step at least a millionth of the whole."""
    steps = np.maximum(np.diff(seconds, axis=1, prepend=0.0).mean(axis=0), 0.0)
    steps = np.maximum(steps / max(float(steps.sum()), 1e-12), 1e-6)
    course = np.cumsum(steps)
    return np.asarray(course / course[-1])


def _losses(fields: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    return np.array([name.endswith("loss") for name in fields])
