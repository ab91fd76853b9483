"""SAFS over the epochs of fine-tuning: accuracy (figure 4b) and gradient flow (figure 7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.panels import Line, Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.papers.beside import Measured, Place, averaged
from nasbench_sparse.leaderboard.papers.confirmed import Confirmed
from nasbench_sparse.leaderboard.papers.rendered import Chart, Rendered, table_of
from nasbench_sparse.leaderboard.papers.safs import SAFS, STAGE_2, VANILLA, chains
from nasbench_sparse.measures import eleven_points
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale
from nasbench_sparse.tasks.safs import FLOW

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nasbench_sparse.store import Store

MOST_POINTS = 25
(EGF,) = FLOW
HYPERPARAMETERS = {"dense hyperparameters": VANILLA, "searched hyperparameters": STAGE_2}


def fine_tuning(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 4b: test accuracy by epoch, with the dense recipe and with what stage 2 alone found."""
    cells: dict[Place, Measured] = {}
    charts = []
    for label, found in chains(artefact, scale, store):
        epochs = sorted({int(e) for e in np.linspace(1, length(found), min(MOST_POINTS, length(found))).round()})
        charts += _drawn(label, found, HYPERPARAMETERS, "test_accuracy", epochs, "test accuracy, %", 100.0)
        for name, method in HYPERPARAMETERS.items():
            if len(column := found.column(method)):
                cells[name, "last epoch"] = averaged(column, 100.0)
        searched, dense = found.pairs(STAGE_2, VANILLA)
        if len(searched):
            cells["searched - dense hyperparameters", "last epoch"] = averaged(searched - dense, 100.0)
    notes = ("ReLU in both; with searched hyperparameters its scaling factors are learnt too, as stage 2 does.",)
    return table_of(artefact, scale, "fine-tuning with", cells, digits=2, notes=notes, charts=tuple(charts))


def gradient_flow(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 7: effective gradient flow by epoch."""
    cells: dict[Place, Measured] = {}
    charts = []
    methods = {name: name for name in (SAFS, VANILLA)}
    for label, found in chains(artefact, scale, store):
        epochs = [epoch + 1 for epoch in eleven_points(length(found))]
        charts += _drawn(label, found, methods, EGF, epochs, "EGF₂", 1.0)
        for name in methods:
            if len(column := found.column(name, EGF, "mean")):
                cells[name, "mean"] = averaged(column)
            for epoch in epochs:
                if len(column := found.column(name, EGF, epoch)):
                    cells[name, f"epoch {epoch}"] = averaged(column)
    notes = ("EGF₂ is Tessera's, on eight batches of training data at up to eleven points of the fine-tuning.",)
    return table_of(artefact, scale, "method", cells, digits=4, notes=notes, charts=tuple(charts))


def length(found: Confirmed) -> int:
    """Return the epochs of fine-tuning."""
    (vanilla,) = found.finals[VANILLA]
    return vanilla.task.fidelity.max


def _drawn(
    title: str,
    found: Confirmed,
    methods: dict[str, str],
    metric: str,
    epochs: Iterable[int],
    y_label: str,
    factor: float,
) -> list[Chart]:
    """Return a chart of means over replicates by epoch, banded by their standard deviation; none without values."""
    lines = []
    for name, method in methods.items():
        columns = {epoch: factor * found.column(method, metric, epoch) for epoch in epochs}
        held = {epoch: column for epoch, column in columns.items() if len(column)}
        if held:
            mean, spread = (np.array([f(column) for column in held.values()]) for f in (np.mean, np.std))
            lines.append(
                Line(name, np.array(list(held), dtype=float), mean, mean - spread, mean + spread, marked=True)
            )

    def make() -> Figure:
        return line_panels([Panel("", tuple(lines))], looks(list(methods)), "epoch", y_label)

    return [Chart("", f"{y_label} by epoch of fine-tuning, {title}.", make)] if lines else []
