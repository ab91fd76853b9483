"""A surrogate: the predicted training of any config of a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nasbench_sparse.core.config import Config, Value
from nasbench_sparse.core.curve import Curve, CurvePoint, mean_curve
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.core.trial import Evaluation, Status
from nasbench_sparse.tabular.surrogate.density import LinearDensity
from nasbench_sparse.tabular.surrogate.features import Features
from nasbench_sparse.tabular.surrogate.shapes import CurveShapes
from nasbench_sparse.tabular.surrogate.trees import Floats, Forest

PREDICTED: Mapping[str, float] = MappingProxyType({"predicted": 1.0})
"""The further metrics of every predicted curve point, by which it is told from a recorded one."""

LIKELY = 0.5
"""A config is predicted to diverge if this share of its replicates would."""


@dataclass(frozen=True, slots=True, eq=False)
class Surrogate:
    """Predicts the mean over replicates, which therefore stands for each of them: it has no noise of its own.

    Args:
        space: of the task; it may add features to a config's own fields.
        features: what the trees see of a config.
        forest: an output for each of the shapes' scores; then, where `last_step` is given, one for the share of
            replicates that diverge.
        shapes: turn scores into a curve.
        density: the exact density, where the config's numbers give it; else it is predicted like a loss.
        last_step: the last point of a config that is predicted to diverge; None if no training did.
        folds: of the task.
    """

    space: SearchSpace
    features: Features
    forest: Forest
    shapes: CurveShapes
    density: LinearDensity | None
    last_step: int | None
    folds: int

    def outputs(self, config: Config) -> Floats:
        """Return the forest's outputs (outputs,) for a canonical config."""
        return self.forest.outputs(self.features.vector(extended(self.space, config)))

    def evaluation(self, config: Config) -> Evaluation:
        """Return the predicted outcome of a canonical config at the full fidelity, on any replicate.

        Every fold has the same curve, and an equal share of the seconds; every point has the metric "predicted".
        """
        outputs = self.outputs(config)
        scores = outputs[: self.shapes.outputs]
        columns = dict(zip(self.shapes.fields, self.shapes.values(scores).tolist(), strict=True))
        seconds = (self.shapes.seconds(scores) / self.folds).tolist()
        if self.density is not None:
            columns["density"] = [self.density.of(config)] * len(seconds)
        diverged = self.last_step is not None and bool(outputs[-1] >= LIKELY)
        curve = _curve(columns, seconds)[: self.last_step if diverged else None]
        curves = (curve,) * self.folds if curve else ()
        total = curve[-1].seconds if curve else seconds[0]
        return Evaluation(Status.DIVERGED if diverged else Status.OK, curves, total * self.folds)

    def curve(self, config: Config) -> Curve:
        """Return the predicted learning curve of a canonical config; it ends where it is predicted to diverge."""
        curves = self.evaluation(config).curves
        return mean_curve(curves) if curves else ()


def extended(space: SearchSpace, config: Config) -> dict[str, Value]:
    """Return a config with the features that its space knows beside the fields."""
    return {**config, **space.features(config)}


def is_predicted(evaluation: Evaluation) -> bool:
    """Whether an evaluation's curves come from a surrogate."""
    return any("predicted" in point.metrics for curve in evaluation.curves for point in curve[:1])


def _curve(columns: Mapping[str, list[float]], seconds: list[float]) -> Curve:
    names = CurvePoint._fields[1:-2]
    absent = [None] * len(seconds)
    rows = zip(*(columns.get(name, absent) for name in names), seconds, strict=True)
    return tuple(CurvePoint._make((step, *row, PREDICTED)) for step, row in enumerate(rows, 1))
