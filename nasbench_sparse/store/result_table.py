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
    """Curve points by key, fold and step. What came first stays; a fold ends where it diverged."""

    def __init__(self) -> None:
        self._folds: dict[Key, dict[int, dict[int, CurvePoint]]] = {}
        self._diverged: dict[tuple[Key, int], int] = {}

    def add_rows(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows of config_key, replicate, fold, status, and a curve point's fields."""
        for row in rows:
            key, replicate, fold, status = row[:4]
            point = CurvePoint._make((*row[4:12], decode_metrics(row[12])))
            self._add((key, replicate), fold, point, status)

    def add_event(self, event: Event) -> None:
        """Add the curves of a `told` event."""
        key = (event["key"], event["replicate"])
        for fold, columns in enumerate(event["curves"]):
            *points, last = decode_curve(columns)
            for point in points:
                self._add(key, fold, point, "OK")
            self._add(key, fold, last, columns["last"])

    def curves(self, key: Key, fidelity: int | None = None) -> tuple[Curve, ...]:
        """Return the curves of all folds, up to a fidelity; none if the key is unknown."""
        curves = []
        for fold, points in sorted(self._folds.get(key, {}).items()):
            end = self._diverged.get((key, fold), fidelity)
            end = end if fidelity is None or end is None else min(end, fidelity)
            curves.append(tuple(points[step] for step in sorted(points) if end is None or step <= end))
        return tuple(curves)

    def evaluations(self) -> dict[Key, Evaluation]:
        """Return the longest evaluation of each key; its seconds are those of all folds."""
        diverged = {key for key, _ in self._diverged}
        return {key: self._evaluation(key, key in diverged) for key in self._folds}

    def _evaluation(self, key: Key, diverged: bool) -> Evaluation:
        curves = self.curves(key)
        status = Status.DIVERGED if diverged else Status.OK
        return Evaluation(status, curves, sum(curve[-1].seconds for curve in curves))

    def _add(self, key: Key, fold: int, point: CurvePoint, status: str) -> None:
        points = self._folds.setdefault(key, {}).setdefault(fold, {})
        if point.step not in points:
            points[point.step] = point
            if status == "DIVERGED":
                self._diverged[key, fold] = min(point.step, self._diverged.get((key, fold), point.step))
