"""ASNI: the variants of table 2, its comparisons, and distributions of weights and sparsity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.dots import Dot, dots_figure
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.papers.beside import Measured, Place, averaged
from nasbench_sparse.leaderboard.papers.charts import Point, line_chart
from nasbench_sparse.leaderboard.papers.evidence import Evidence, compared
from nasbench_sparse.leaderboard.papers.rendered import Chart, Rendered, table_of
from nasbench_sparse.leaderboard.papers.values import Value, grouped, values
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.runner.design import Design
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale
from nasbench_sparse.training.task import TrainingTask

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nasbench_sparse.store import Store

BY_LAYER = """
SELECT g.entry.key AS metric, avg(g.entry.value) AS value
FROM (
    SELECT config_key, unnest(map_entries(metrics)) AS entry
    FROM trainings
    WHERE fingerprint = ? AND phase = 'search' AND step = ?
) AS g
JOIN configs AS c ON c.fingerprint = ? AND c.config_key = g.config_key
WHERE c.config ->> '$.method' = ? AND starts_with(g.entry.key, ?)
GROUP BY g.entry.key
"""
"""A measure's metrics after the whole training of one method, means over seeds."""

VARIANTS = ("dense", "ASNI-I", "ASNI-II", "original")


def combinations(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table 2: test accuracy of the four variants, and the sparsity that ASNI-I ends with."""
    cells: dict[Place, Measured] = {}
    for row, (plan,) in artefact.at(scale).groups.items():
        task = _task(plan)
        for method, each in grouped(values(store, task, "test_accuracy"), _method).items():
            cells[row, method] = averaged(each, 100.0)
        density = grouped(values(store, task, "density"), _method)
        if "ASNI-I" in density:
            cells[row, "sparsity"] = averaged(100.0 * (1.0 - density["ASNI-I"]))
    return table_of(artefact, scale, "combination", cells, digits=2)


def first_task(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table 3: networks that are sparse at the end of one training."""
    return _compared(artefact, scale, store, ("gradual magnitude", "RigL", "ASNI-I"))


def second_task(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table 4: sparse networks that are trained again."""
    kept = ("iterative magnitude", "magnitude after training", "SNIP", "GraSP", "ASNI-II")
    return _compared(artefact, scale, store, kept)


def _compared(artefact: Artefact, scale: Scale, store: Store, methods: Sequence[str]) -> Rendered:
    (plan,) = artefact.at(scale).plans
    task = _task(plan)
    accuracy = grouped(values(store, task, "test_accuracy"), _method)
    density = grouped(values(store, task, "density"), _method)
    cells: dict[Place, Measured] = {}
    for method in methods:
        if method in accuracy:
            cells[method, "nonzeros"] = Measured(
                float(density[method].mean()), text=f"{density[method].mean():.1%}"
            )
            cells[method, "top-1"] = averaged(accuracy[method], 100.0)
    notes = (
        "Nonzeros are measured as a share of all prunable weights.",
        "Soft threshold reparameterisation is no method of this package.",
    )
    return table_of(artefact, scale, "method", cells, digits=2, notes=notes)


def layer_weights(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 2: quantiles of the weights that ASNI-I leaves in each layer."""
    layers = _quantiles(artefact, scale, store, "ASNI-I")
    cells = {
        (layer, f"quantile {level:g}"): Measured(value)
        for layer, points in layers.items()
        for level, value in points
    }
    panels = {layer: {"ASNI-I": _cumulative(points)} for layer, points in layers.items()}
    alt = "Cumulative distribution of each layer's weights after ASNI-I."
    charts = (line_chart("", alt, panels, "weight", "share below"),)
    return table_of(artefact, scale, "layer", cells, digits=4, notes=(SHOWN,), charts=charts)


def all_weights(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 4: the distribution of all weights of the dense and the sparse networks."""
    cells: dict[Place, Measured] = {}
    lines: dict[str, list[Point]] = {}
    for variant in VARIANTS:
        layers = _quantiles(artefact, scale, store, variant)
        if not layers:
            continue
        weights, shares = pooled(layers, _active(artefact, scale, store, variant))
        levels = [level for level, _ in next(iter(layers.values()))]
        found = np.interp(levels, shares, weights)
        cells |= {(variant, f"quantile {q:g}"): Measured(float(w)) for q, w in zip(levels, found, strict=True)}
        drawn = np.linspace(0.0, 1.0, DRAWN)
        lines[variant] = list(zip(np.interp(drawn, shares, weights).tolist(), drawn.tolist(), strict=True))
    charts = (line_chart("", "Cumulative distribution of weights.", {"": lines}, "weight", "share below"),)
    notes = (SHOWN, "All weights pooled: each layer counts by its weights that are not pruned.", NO_START)
    return table_of(artefact, scale, "network", cells, digits=4, notes=notes, charts=charts)


def pooled(layers: Mapping[str, Sequence[Point]], active: Mapping[str, float]) -> tuple[Floats, Floats]:
    """Return weights in ascending order and the share of all layers' weights up to each, (points,).

    Within a layer weights lie evenly between two neighbouring quantiles.

    Args:
        layers: (level, weight) of each layer, ascending.
        active: how many weights of each layer are not pruned.
    """
    weights = np.unique([weight for name, points in layers.items() if active[name] for _, weight in points])
    below = np.zeros(len(weights))
    for name, points in layers.items():
        if active[name]:
            levels, known = np.array(points).T
            below += active[name] * np.interp(weights, known, levels, left=0.0, right=1.0)
    return weights, below / sum(active[name] for name in layers)


def _active(artefact: Artefact, scale: Scale, store: Store, method: str) -> dict[str, float]:
    """Return how many weights of each layer are not pruned, the mean over seeds."""
    (plan,) = artefact.at(scale).plans
    sizes = _sizes(_task(plan))
    return {name: sizes[name] * share for name, (_, share) in _by_layer(artefact, scale, store, "density", method)}


def _sizes(task: TrainingTask) -> dict[str, int]:
    """Return how many weights each layer has, in forward order."""
    from nasbench_sparse.nn.networks.build import COMMON, on_meta, prunable_layers

    network = task.blueprint.network
    built = on_meta(network.name, {name: value for name, value in network.options if name not in COMMON})
    return {name: weight.numel() for name, weight in prunable_layers(built)}


DRAWN = 41
NO_START = "The distribution at initialisation, which the paper draws too, is not among what was stored."
SHOWN = "Nine quantiles of the weights that are not pruned, where the paper draws densities; means over seeds."


def _quantiles(artefact: Artefact, scale: Scale, store: Store, method: str) -> dict[str, list[Point]]:
    """Return (level, weight) in ascending order, for each layer in forward order."""
    layers: dict[str, list[Point]] = {}
    for layer, (level, value) in _by_layer(artefact, scale, store, "weight_quantiles", method):
        layers.setdefault(layer, []).append((float(level), value))
    return {layer: sorted(points) for layer, points in layers.items()}


def layer_sparsity(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 5: how sparse ASNI-I makes each layer."""
    layers = {name: value for name, (_, value) in _by_layer(artefact, scale, store, "density", "ASNI-I")}
    cells = {(layer, "sparsity, %"): Measured(100.0 * (1.0 - density)) for layer, density in layers.items()}
    dots = [Dot(layer, 100.0 * (1.0 - density), np.nan, np.nan) for layer, density in layers.items()]

    def make() -> Figure:
        return dots_figure({"ASNI-I": dots}, dict.fromkeys(layers, looks(["ASNI-I"])["ASNI-I"]), "sparsity, %")

    charts = (Chart("", "Sparsity of each layer after ASNI-I, in forward order.", make),)
    return table_of(artefact, scale, "layer", cells, digits=2, charts=charts)


def _by_layer(
    artefact: Artefact, scale: Scale, store: Store, measure: str, method: str
) -> list[tuple[str, tuple[str, float]]]:
    """Return (layer, (rest of the metric's name, mean over seeds)) of a method, in forward order."""
    (plan,) = artefact.at(scale).plans
    task = _task(plan)
    prefix = f"{measure}/"
    settings = (task.fingerprint, task.fidelity.max, task.fingerprint, method, prefix)
    place = {layer: i for i, layer in enumerate(_sizes(task))}
    found = []
    for name, value in store.sql(BY_LAYER, settings).iter_rows():
        layer, _, rest = str(name).removeprefix(prefix).partition("/")
        found.append((layer, (rest, float(value))))
    return sorted(found, key=lambda one: (place[one[0]], one[1]))


def _cumulative(points: Sequence[Point]) -> list[Point]:
    """Turn (level, weight) into points of a cumulative distribution."""
    return [(value, level) for level, value in points]


def second_over_original(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test ASNI-II against the original initialisation, paired by combination and seed."""
    found: list[tuple[str, Value]] = []
    for row, (plan,) in artefact.at(scale).groups.items():
        found += [(row, one) for one in values(store, _task(plan), "test_accuracy")]
    sides = []
    for method in ("ASNI-II", "original"):
        sides.append({(row, one.replicate): one.value for row, one in found if _method(one) == method})
    shared = [key for key in sides[0] if key in sides[1]]
    first, second = (np.array([side[key] for key in shared]) for side in sides)
    return compared(first, second, "ASNI-II {first:.3f}, original initialisation {second:.3f}")


def _task(plan: object) -> TrainingTask:
    assert isinstance(plan, Design)
    assert isinstance(plan.task, TrainingTask)
    return plan.task


def _method(one: Value) -> str:
    return str(one.config["method"])
