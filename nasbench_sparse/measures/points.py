"""The eleven epochs at whose ends gradient flow is measured, and the mean over them."""

from __future__ import annotations

from collections.abc import Sequence

from nasbench_sparse.core.curve import CurvePoint
from nasbench_sparse.errors import NbsError


def eleven_points(epochs: int) -> tuple[int, ...]:
    """Return the epochs, numbered from 0, at whose ends a training of `epochs` epochs is measured.

    They are epoch 0 and round(i * epochs / 10) - 1 for i = 1 to 10 (halves to even): 0, 99, 199, ..., 999 of 1000.
    Clamped to the training and without duplicates, so a short training has fewer of them.

    Raises:
        NbsError: fewer than 1 epoch.
    References:
        Tessera's thesis on sparse networks, section 3.3.1.
    """
    if epochs < 1:
        raise NbsError(f"a training of {epochs} epochs has no point to measure; it needs at least 1")
    tenths = (round(i * epochs / 10) - 1 for i in range(1, 11))
    return tuple(sorted({0, *(max(epoch, 0) for epoch in tenths)}))


def eleven_point_mean(curve: Sequence[CurvePoint], metric: str, epochs: int) -> float:
    """Average a metric over the ends of the eleven epochs: the thesis's "Average EGF", if it is `egf_2`.

    Args:
        curve: one point for each epoch; the point of epoch e (from 0) has step e + 1.
        epochs: length of the whole training.
    Raises:
        NbsError: a point is missing, or does not hold the metric.
    References:
        Tessera's thesis on sparse networks, section 3.3.1.
    """
    values = {point.step - 1: point.metrics[metric] for point in curve if metric in point.metrics}
    wanted = eleven_points(epochs)
    missing = [epoch for epoch in wanted if epoch not in values]
    if missing:
        raise NbsError(f"metric {metric!r} was not measured at the end of epoch {', '.join(map(str, missing))}")
    return sum(values[epoch] for epoch in wanted) / len(wanted)
