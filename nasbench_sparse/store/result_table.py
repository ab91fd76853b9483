"""Training results of one task, gathered from table rows and journal events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nasbench_sparse.core.curve import Curve, CurvePoint
from nasbench_sparse.core.trial import Evaluation, Status
from nasbench_sparse.store.encode import Event, decode_curve, decode_metrics

Key = tuple[str, int]
"""config_key and replicate."""


class ResultTable:
    """Curve points by key, fold and step, and the step at which a training diverged. What came first stays."""

    def __init__(self) -> None:
        self.folds: dict[Key, dict[int, dict[int, CurvePoint]]] = {}
        self._diverged: set[Key] = set()

    def add_rows(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows of config_key, replicate, fold, status, and a curve point's fields."""
        for key, replicate, fold, status, *fields in rows:
            fields[-1] = decode_metrics(fields[-1])
            point = CurvePoint._make(fields)
            self._points((key, replicate), fold).setdefault(point.step, point)
            if status == "DIVERGED":
                self._diverged.add((key, replicate))

    def add_event(self, event: Event) -> None:
        """Add the curves of a `told` event."""
        key = (event["key"], event["replicate"])
        for fold, columns in enumerate(event["curves"]):
            points = self._points(key, fold)
            for point in decode_curve(columns):
                points.setdefault(point.step, point)
            if columns["last"] == "DIVERGED":
                self._diverged.add(key)

    def curves(self, key: Key, fidelity: int | None = None) -> tuple[Curve, ...]:
        """Return the curves of all folds, up to a fidelity; none if the key is unknown."""
        return tuple(
            tuple(points[step] for step in sorted(points) if fidelity is None or step <= fidelity)
            for _, points in sorted(self.folds.get(key, {}).items())
        )

    def evaluations(self) -> dict[Key, Evaluation]:
        """Return the longest evaluation of each key; its seconds are those of all folds."""
        return {key: self._evaluation(key) for key in self.folds}

    def _evaluation(self, key: Key) -> Evaluation:
        curves = self.curves(key)
        status = Status.DIVERGED if key in self._diverged else Status.OK
        return Evaluation(status, curves, sum(curve[-1].seconds for curve in curves))

    def _points(self, key: Key, fold: int) -> dict[int, CurvePoint]:
        return self.folds.setdefault(key, {}).setdefault(fold, {})
