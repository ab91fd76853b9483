"""Fitting a surrogate on a table, and measuring it on held-out configs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nasbench_sparse.core.objective import Objective
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import TableError
from nasbench_sparse.tabular.surrogate.boosting import Boosting
from nasbench_sparse.tabular.surrogate.density import learn_density
from nasbench_sparse.tabular.surrogate.examples import Examples, table_examples
from nasbench_sparse.tabular.surrogate.features import learn_features
from nasbench_sparse.tabular.surrogate.model import LIKELY, Surrogate, extended
from nasbench_sparse.tabular.surrogate.quality import Floats, Quality, compare
from nasbench_sparse.tabular.surrogate.shapes import learn_shapes
from nasbench_sparse.tabular.table import Table

FOLDS = 5

LEAST_CONFIGS = 40
"""Fewer configs are refused unmeasured: five held-out parts would say little."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A surrogate with its quality, the options it was fitted with, and what it was fitted on."""

    surrogate: Surrogate
    quality: Quality
    boosting: Boosting
    seed: int


def fit_surrogate(table: Table, *, seed: int = 0, boosting: Boosting | None = None) -> Fitted:
    """Fit a surrogate on all configs of a table, after measuring it by cross-validation over configs.

    Where seconds are predicted worse than by their mean, the surrogate predicts the mean, and its quality says so.

    Args:
        seed: of the split.
        boosting: parameters of the trees; the default ones if None.
    Raises:
        TableError: too few configs, an objective that is no column of the curves, or a quality below the minimum.
    """
    task, boosting = table.task, boosting or Boosting()
    examples = table_examples(table)
    finished = int(examples.finished.sum())
    if finished < LEAST_CONFIGS:
        raise TableError(
            f"a surrogate of {task.name!r} needs at least {LEAST_CONFIGS} finished configs, and the table has "
            f"{finished}: build more (`table build {task.name} --configs NUMBER`)"
        )
    if task.objective.metric not in examples.fields:
        raise TableError(
            f"a surrogate predicts {', '.join(examples.fields)}, not {task.objective.metric!r}, which "
            f"{task.name!r} is about"
        )
    quality = cross_validate(examples, task, boosting, seed)
    quality = replace(quality, mean_seconds=quality.seconds_fail)
    quality.check(task.name)
    surrogate = fit_model(examples, task, boosting, seed)
    if quality.mean_seconds:
        mean = float(examples.seconds[examples.finished, -1].mean())
        surrogate = replace(surrogate, shapes=surrogate.shapes.at_rate(mean))
    return Fitted(surrogate, quality, boosting, seed)


def fit_model(examples: Examples, task: Task, boosting: Boosting, seed: int) -> Surrogate:
    """Fit a surrogate, unmeasured; one of its outputs is the share of diverged replicates, if there were any."""
    rows = np.flatnonzero(examples.finished)
    finished = examples.where(rows)
    inputs = [extended(task.space, config) for config in examples.configs]
    features = learn_features(inputs)
    shapes, scores = learn_shapes(finished.fields, finished.values, finished.seconds)
    targets = [(rows, scores[:, output]) for output in range(shapes.outputs)]
    diverging = bool(examples.diverged.any())
    if diverging:
        targets.append((np.arange(len(examples)), examples.diverged))
    density = None
    if "density" in examples.fields:
        density = learn_density(finished.configs, finished.values[:, examples.fields.index("density")])
    return Surrogate(
        task.space,
        features,
        boosting.fit(features.matrix(inputs), targets, seed),
        shapes,
        density,
        min(examples.last_step, shapes.mean.shape[1] - 1) if diverging else None,
        task.folds,
    )


def cross_validate(examples: Examples, task: Task, boosting: Boosting, seed: int) -> Quality:
    """Predict every config by a model fitted on four fifths of the others, and compare."""
    order = np.random.default_rng(seed).permutation(len(examples))
    last = np.full((3, len(examples)), np.nan)  # the task's metric, validation loss and seconds
    likely = np.zeros(len(examples), dtype=np.bool_)
    metrics = [examples.fields.index(name) for name in (task.objective.metric, "val_loss")]
    for part in range(FOLDS):
        model = fit_model(examples.where(np.sort(np.delete(order, slice(part, None, FOLDS)))), task, boosting, seed)
        for number in order[part::FOLDS].tolist():
            outputs = model.outputs(examples.configs[number])
            curves = model.shapes.values(outputs)
            last[:, number] = (*curves[metrics, -1], model.shapes.seconds(outputs[: model.shapes.outputs])[-1])
            likely[number] = model.last_step is not None and outputs[-1] >= LIKELY
    known = examples.finished
    mostly = examples.diverged >= LIKELY
    recorded = examples.values[known][:, metrics, -1].T
    return Quality(
        len(examples),
        FOLDS,
        compare(_losses(task.objective, last[0, known]), _losses(task.objective, recorded[0])),
        compare(last[1, known], recorded[1]),
        compare(last[2, known], examples.seconds[known, -1]),
        float(mostly.mean()),
        float(likely[mostly].mean()) if mostly.any() else None,
        float(likely[~mostly].mean()) if not mostly.all() else 0.0,
    )


def _losses(objective: Objective, values: Floats) -> Floats:
    return np.minimum(1.0 - values if objective.goal == "maximize" else values, objective.worst)
