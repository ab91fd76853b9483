"""Learning curves: what a training recorded after each unit of fidelity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

NO_METRICS: Mapping[str, float] = MappingProxyType({})


class CurvePoint(NamedTuple):
    """The state after `step` units of fidelity; `seconds` is cumulative training time, evaluation included.

    Losses are mean cross-entropy (nats), accuracies and density fractions in [0, 1]. Where a split was not
    measured (or is hidden from optimizers) the value is None.
    """

    step: int
    train_loss: float
    val_loss: float
    val_accuracy: float
    test_loss: float | None
    test_accuracy: float | None
    density: float
    seconds: float
    metrics: Mapping[str, float] = NO_METRICS


Curve = tuple[CurvePoint, ...]


def hide_test(curve: Curve) -> Curve:
    """Return the curve without test results, as optimizers see it."""
    return tuple(p._replace(test_loss=None, test_accuracy=None) for p in curve)


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """Average the folds of one trial point by point; seconds are summed, since every fold was trained."""
    if len(curves) == 1:
        return curves[0]
    return tuple(_mean_point(points) for points in zip(*curves, strict=False))


def _mean_point(points: Sequence[CurvePoint]) -> CurvePoint:
    def mean(name: str) -> float | None:
        values = [getattr(p, name) for p in points]
        return None if any(v is None for v in values) else sum(values) / len(values)

    fields = {name: mean(name) for name in CurvePoint._fields if name not in ("step", "seconds", "metrics")}
    metrics = {name: sum(p.metrics[name] for p in points) / len(points) for name in points[0].metrics}
    return CurvePoint(
        step=points[0].step,
        seconds=sum(p.seconds for p in points),
        metrics=metrics,
        **fields,  # type: ignore[arg-type]
    )
