"""SAFS, stage 1: which operators were tried (figure 5), and how search algorithms compare (figure 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.chains import operator_counts, read_chain
from nasbench_sparse.leaderboard.figures.choices import Choices, choices_figure
from nasbench_sparse.leaderboard.figures.panels import Line, Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.papers.beside import Measured, Place, averaged
from nasbench_sparse.leaderboard.papers.rendered import Chart, Rendered, table_of
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.chain_recorded import recorded_paths
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nasbench_sparse.store import Store

NORMAL_95 = 1.96


def frequencies(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 5: how often stage 1 tried each operator at each site, over all seeds."""
    cells: dict[Place, Measured] = {}
    shown: list[Choices] = []
    for label, (plan,) in artefact.at(scale).groups.items():
        assert isinstance(plan, Chain)
        found = read_chain(store, plan)
        counts = operator_counts(store, found, "operators")
        seeds = sum(path.chain is plan for path in found.paths)
        if counts:
            shown.append(Choices(label, counts))
        for (site, operator), count in counts.items():
            cells[f"{label}, {site}", operator] = Measured(float(count), n=seeds, text=str(count))
    charts = (Chart("", "Operators tried in stage 1, site by site.", lambda: choices_figure(shown)),)
    notes = ("Trials of stage 1, all seeds together; sites in forward order.",)
    return table_of(artefact, scale, "site", cells, digits=0, notes=notes, charts=charts if shown else ())


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
        return line_panels(panels, looks(list(artefact.at(scale).groups)), "trial", "training loss")

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
