"""Figures 3.5, 3.6 and A.19 of Tessera's thesis: accuracy and gradient flow of wide ResNets over density."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.papers.beside import Measured, Place, averaged
from nasbench_sparse.leaderboard.papers.charts import Point, line_chart
from nasbench_sparse.leaderboard.papers.rendered import Chart, Rendered, table_of
from nasbench_sparse.leaderboard.papers.values import Value, grouped, values
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale
from nasbench_sparse.tasks.papers.plans import Cells

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

SHOWN = {"accuracy": ("test_accuracy", "end", "test accuracy"), "flow": ("egf_2", "mean", "mean EGF₂")}


def curves(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table and panels of test accuracy and mean EGF_2 for each configuration over density."""
    (plan,) = artefact.at(scale).plans
    assert isinstance(plan, Cells)
    cells: dict[Place, Measured] = {}
    charts = []
    for file, (metric, at, label) in SHOWN.items():
        found = dict(sorted(grouped(values(store, plan.task, metric, at), _place).items(), key=_ascending))
        for (configuration, density), each in found.items():
            cells[configuration, f"{label} at {density}"] = averaged(each)
        if found:
            charts.append(_chart(file, label, {place: float(each.mean()) for place, each in found.items()}))
    return table_of(artefact, scale, "configuration", cells, digits=4, charts=tuple(charts))


def _place(one: Value) -> Place:
    return str(one.config["configuration"]), str(one.config["density"])


def _ascending(one: tuple[Place, Floats]) -> tuple[str, float]:
    (configuration, density), _ = one
    return configuration, float(density.rstrip("%"))


def _chart(file: str, label: str, means: dict[Place, float]) -> Chart:
    panels: dict[str, dict[str, list[Point]]] = {}
    for (configuration, density), mean in means.items():
        optimizer, _, variant = configuration.partition(", ")
        panels.setdefault(optimizer, {}).setdefault(variant, []).append((float(density.rstrip("%")), mean))
    return line_chart(file, f"{label} of wide ResNets over density.", panels, "weights remaining, %", label)
