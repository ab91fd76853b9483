"""Objectives: which recorded metric an optimizer minimises or maximises."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.errors import TaskError


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric of the training or validation split and its goal; turned into a loss that is minimised.

    Args:
        metric: a field of `CurvePoint`, or a key of its `metrics`; never a test metric.
        goal: a maximised metric m (an accuracy) becomes the loss 1 - m.
        worst: the finite loss told for a trial that failed or diverged; no finished trial is told more.
    """

    metric: str = "val_accuracy"
    goal: Literal["minimize", "maximize"] = "maximize"
    worst: float = 1.0

    def __post_init__(self) -> None:
        if self.metric.startswith("test"):
            raise TaskError(f"objective {self.metric!r}: optimizers see training or validation results, never test")
        if not math.isfinite(self.worst):
            raise TaskError(f"objective {self.metric!r} needs a finite worst loss, got {self.worst}")

    def loss(self, point: CurvePoint) -> float:
        """Return the finite loss of a curve point, at most `worst`."""
        value = self._value(point)
        loss = 1.0 - value if self.goal == "maximize" else value
        return min(loss, self.worst) if math.isfinite(loss) else self.worst

    def is_finite(self, point: CurvePoint) -> bool:
        """Return whether the metric is a finite number there; a training that ends where it is not has diverged."""
        return math.isfinite(self._value(point))

    def _value(self, point: CurvePoint) -> float:
        value: float = point.metrics[self.metric] if self.metric in point.metrics else getattr(point, self.metric)
        return value
