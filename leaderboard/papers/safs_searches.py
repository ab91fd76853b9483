"""SAFS, stage 1: which operators were tried (figure 5), and how search algorithms compare (figure 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.core.operations import OPERATORS
from nasbench_sparse.leaderboard.chains import operator_counts, read_chain
from nasbench_sparse.leaderboard.figures.matrix import SEQUENTIAL, matrix_figure
from nasbench_sparse.leaderboard.figures.panels import Line, Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.papers.beside import Measured, Place, averaged
from nasbench_sparse.leaderboard.papers.charts import whole_ticks
from nasbench_sparse.leaderboard.papers.rendered import Chart, Rendered, table_of
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.chain_recorded import recorded_paths
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale
from nasbench_sparse.training.task import TrainingTask

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nasbench_sparse.store import Store

NORMAL_95 = 1.96


def frequencies(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 5: how often stage 1 tried each operator at each site, over all seeds."""
    cells: dict[Place, Measured] = {}
    charts: list[Chart] = []
    for label, (plan,) in artefact.at(scale).groups.items():
        assert isinstance(plan, Chain)
        found = read_chain(store, plan)
        counts = operator_counts(store, found, "operators")
        seeds = sum(path.chain is plan for path in found.paths)
        fields, names = plan.task.space.fields, tuple(dict.fromkeys((*OPERATORS, *(name for _, name in counts))))
        sites = _sites(plan)
        table = np.array([[counts.get((field, name), 0) for name in names] for field in fields], dtype=float)
        for site, row in zip(sites, table, strict=True):
            for operator, count in zip(names, row, strict=True):
                if counts:
                    cells[f"{label}, {site}", operator] = Measured(float(count), n=seeds, text=f"{count:.0f}")
        if counts:
            charts.append(_heatmap(label, sites, names, table))
    notes = ("Trials of stage 1, all seeds together; operators as table 4 lists them, sites in forward order.",)
    return table_of(artefact, scale, "site", cells, digits=0, notes=notes, charts=tuple(charts))


def _sites(plan: Chain) -> Sequence[str]:
    """Return the names of the searched network's activation sites, in forward order; of no network the fields."""
    if not isinstance(plan.task, TrainingTask):
        return plan.task.space.fields
    from nasbench_sparse.nn.networks.build import COMMON, on_meta
    from nasbench_sparse.nn.sites import activation_sites

    network = plan.task.blueprint.network
    options = {key: value for key, value in network.options if key not in COMMON}
    return [name for name, _ in activation_sites(on_meta(network.name, options))]


def _heatmap(label: str, sites: Sequence[str], operators: Sequence[str], table: Floats) -> Chart:
    """Return a chart of the share of trials in which a site had an operator, counts written in."""
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1.0)
    texts = [[f"{count:.0f}" if count else "" for count in row] for row in table]

    def make() -> Figure:
        return matrix_figure(share, texts, sites, operators, SEQUENTIAL, (0.0, float(share.max())))

    name = label.lower().replace(" ", "-")
    return Chart(name, f"Operators tried in stage 1, site by site, {label}.", make)


def algorithms(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 6: training loss of each trial, and the lowest so far, by search algorithm."""
    cells: dict[Place, Measured] = {}
    lines: dict[str, list[Line]] = {"each trial": [], "lowest so far": []}
    for name, losses in by_algorithm(artefact, scale, store).items():
        table = np.array(list(losses.values()))  # (seeds, trials)
        lowest = np.minimum.accumulate(table, axis=1)
        lines["each trial"].append(_line(name, table))
        lines["lowest so far"].append(_line(name, lowest))
        trials = table.shape[1]
        for after in dict.fromkeys((max(1, trials // 2), trials)):
            cells[name, f"lowest loss of {after} trials"] = averaged(lowest[:, after - 1])

    def make() -> Figure:
        panels = [Panel(title, tuple(drawn)) for title, drawn in lines.items()]
        return whole_ticks(line_panels(panels, looks(list(artefact.at(scale).groups)), "trial", "training loss"))

    charts = (Chart("", "Training loss in stage 1 by trial and search algorithm.", make),) if cells else ()
    notes = (
        "Means over seeds, banded by their 95 % normal interval. A diverged trial has the worst loss. BO is "
        "SMAC's random forest.",
    )
    return table_of(artefact, scale, "algorithm", cells, digits=4, notes=notes, charts=charts)


def by_algorithm(artefact: Artefact, scale: Scale, store: Store) -> dict[str, dict[int, Floats]]:
    """Return the losses of each algorithm's finished searches by seed, (trials,), in the order they were told."""
    found: dict[str, dict[int, Floats]] = {}
    for name, (plan,) in artefact.at(scale).groups.items():
        assert isinstance(plan, Chain)
        steps = {path.seed: path.steps[0] for path in recorded_paths(plan, store)}
        ended = {seed: step for seed, step in steps.items() if step.outcome.incumbent is not None}
        if ended:
            found[name] = {
                seed: _losses(store, step.outcome.run_id, int(step.plan.budget.amount))
                for seed, step in ended.items()
            }
    return found


def _losses(store: Store, run_id: str, trials: int) -> Floats:
    return np.array([told.loss for told in store.recorded(run_id).told[:trials]])


def _line(name: str, table: Floats) -> Line:
    mean = table.mean(axis=0)
    band = NORMAL_95 * table.std(axis=0, ddof=1) / len(table) ** 0.5 if len(table) > 1 else np.zeros_like(mean)
    return Line(name, np.arange(1.0, table.shape[1] + 1), mean, mean - band, mean + band)
