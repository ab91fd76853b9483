"""ASNI's figures 2, 4 and 5: the weights of each layer, of the whole network, and how sparse each layer is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.dots import Dot, dots_figure
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.papers.asni import task_of
from nasbench_sparse.leaderboard.papers.beside import Measured, Place
from nasbench_sparse.leaderboard.papers.histogram import Histogram, centroid, normal, summed, widest
from nasbench_sparse.leaderboard.papers.histogram_chart import histogram_chart
from nasbench_sparse.leaderboard.papers.rendered import Chart, Rendered, table_of
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale
from nasbench_sparse.training.task import TrainingTask

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nasbench_sparse.store import Store

BY_LAYER = """
SELECT g.replicate, g.entry.key AS metric, g.entry.value AS value
FROM (
    SELECT config_key, replicate, unnest(map_entries(metrics)) AS entry
    FROM trainings
    WHERE fingerprint = ? AND phase = 'search' AND step = ?
) AS g
JOIN configs AS c ON c.fingerprint = ? AND c.config_key = g.config_key
WHERE c.config ->> '$.method' = ? AND starts_with(g.entry.key, ?)
ORDER BY g.replicate, metric
"""
"""A measure's metrics after the whole training of one method."""

VARIANTS = ("dense", "ASNI-I", "ASNI-II", "original")
START = "initialisation"
LAYER_BINS, ALL_BINS = 32, 64
SHOWN = (
    "Weights that are not pruned, counted in 32 bins of each layer and seed and added up over seeds on the widest "
    "range; edges are sharp to about a bin."
)
POOLED = "All weights pooled: each layer counts by its weights that are not pruned."
AT_START = "The initialisation is what is expected of Kaiming's normal distributions, from which all were drawn."


def layer_weights(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 2: the weights that ASNI-I leaves in each layer, and their centroids c₋ and c₊."""
    cells: dict[Place, Measured] = {}
    panels: dict[str, dict[str, Histogram]] = {}
    bars: dict[str, dict[str, tuple[float, ...]]] = {}
    for layer, seeds in histograms(artefact, scale, store, "ASNI-I").items():
        limit = widest(seeds)
        if limit > 0.0:
            panels[layer] = {"ASNI-I": summed(seeds, limit, LAYER_BINS)}
            bars[layer] = {"ASNI-I": tuple(c for sign in (-1, 1) if (c := centroid(seeds, sign)) is not None)}
            numbers = _described(seeds, panels[layer]["ASNI-I"]) | {"largest magnitude": limit}
            cells |= {(layer, column): Measured(value, n=len(seeds)) for column, value in numbers.items()}
    charts = (
        histogram_chart("Histogram of each layer's weights after ASNI-I, and their centroids.", panels, bars),
    )
    return table_of(artefact, scale, "layer", cells, digits=4, notes=(SHOWN,), charts=charts)


def all_weights(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 4: all weights of the dense and the sparse networks, and at initialisation."""
    layers = {name: list(histograms(artefact, scale, store, name).values()) for name in VARIANTS}
    found = {name: [one for seeds in of for one in seeds] for name, of in layers.items() if of}
    if found:
        found = {START: initial(_task(artefact, scale)), **found}
    limit = widest([one for every in found.values() for one in every])
    shown = {name: summed(every, limit, ALL_BINS) for name, every in found.items()}
    seeds = max((len(of[0]) for of in layers.values() if of), default=0)
    cells = {
        (name, column): Measured(value, n=seeds)
        for name, every in found.items()
        for column, value in _described(every, shown[name]).items()
    }
    charts = (histogram_chart("Histograms of all weights of each network.", {"": shown}, {}),)
    notes = (SHOWN, POOLED, AT_START)
    return table_of(artefact, scale, "network", cells, digits=4, notes=notes, charts=charts)


def layer_sparsity(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 5: how sparse ASNI-I makes each layer."""
    density = _by_layer(artefact, scale, store, "density", "ASNI-I")
    layers = {name: float(np.mean([one[""] for one in seeds])) for name, seeds in density.items()}
    cells = {
        (layer, "sparsity, %"): Measured(100.0 * (1.0 - share), n=len(density[layer]))
        for layer, share in layers.items()
    }
    dots = [Dot(layer, 100.0 * (1.0 - share), np.nan, np.nan) for layer, share in layers.items()]

    def make() -> Figure:
        return dots_figure({"ASNI-I": dots}, dict.fromkeys(layers, looks(["ASNI-I"])["ASNI-I"]), "sparsity, %")

    charts = (Chart("", "Sparsity of each layer after ASNI-I, in forward order.", make),)
    return table_of(artefact, scale, "layer", cells, digits=2, charts=charts)


def _described(parts: list[Histogram], total: Histogram) -> dict[str, float | None]:
    """Return the centroids and the standard deviation of weights."""
    return {"c₋": centroid(parts, -1), "c₊": centroid(parts, 1), "standard deviation": total.deviation}


def histograms(artefact: Artefact, scale: Scale, store: Store, method: str) -> dict[str, list[Histogram]]:
    """Return the histograms of each layer, in forward order, one for each seed."""
    found = _by_layer(artefact, scale, store, "weight_histogram", method)
    return {layer: [_histogram(one) for one in seeds] for layer, seeds in found.items()}


def _histogram(counted: dict[str, float]) -> Histogram:
    bins = sorted(counted.keys() - {"limit"})
    return Histogram(counted["limit"], np.array([counted[name] for name in bins]))


def initial(task: TrainingTask) -> list[Histogram]:
    """Return what is expected of each layer at initialisation: N(0, 2 / fan-in)."""
    return [normal(math.sqrt(2 / math.prod(shape[1:])), math.prod(shape)) for shape in _shapes(task).values()]


def _by_layer(
    artefact: Artefact, scale: Scale, store: Store, measure: str, method: str
) -> dict[str, list[dict[str, float]]]:
    """Return the rest of a metric's name, and its value, for each layer in forward order and each seed."""
    task = _task(artefact, scale)
    settings = (task.fingerprint, task.fidelity.max, task.fingerprint, method, f"{measure}/")
    found: dict[str, dict[int, dict[str, float]]] = {layer: {} for layer in _shapes(task)}
    for replicate, metric, value in store.sql(BY_LAYER, settings).iter_rows():
        layer, _, rest = str(metric).removeprefix(f"{measure}/").partition("/")
        found[layer].setdefault(replicate, {})[rest] = float(value)
    return {layer: list(seeds.values()) for layer, seeds in found.items() if seeds}


def _task(artefact: Artefact, scale: Scale) -> TrainingTask:
    (plan,) = artefact.at(scale).plans
    return task_of(plan)


def _shapes(task: TrainingTask) -> dict[str, tuple[int, ...]]:
    """Return the shape of each layer's weights, in forward order."""
    from nasbench_sparse.nn.networks.build import COMMON, on_meta, prunable_layers

    network = task.blueprint.network
    built = on_meta(network.name, {name: value for name, value in network.options if name not in COMMON})
    return {name: tuple(weight.shape) for name, weight in prunable_layers(built)}
