"""Trade-off of density and accuracy: fronts, what the runs attain, and the hypervolume they dominate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.figures.trade_off import trade_off_figure
from nasbench_sparse.leaderboard.report.blocks import Block, Cell, Picture, Queries, Remark, Sheet, number, words
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.runs import RunRow
from nasbench_sparse.leaderboard.statistics.attainment_surface import attainment
from nasbench_sparse.leaderboard.statistics.bootstrap import Interval, bootstrap_mean
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.statistics.pareto import front, hypervolume

FLAT = 0.005
"""Densities nearer than this are one density: there is no trade-off to draw."""

POINTS = 81
SHARES = (0.25, 0.5, 0.75)

Points = list[tuple[float, float]]
"""(density, accuracy) of the configs that a run trained to the end."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The points of a task's or family's runs, by contender and run id; a run that ended no training has none."""

    name: str
    runs: Mapping[str, Mapping[str, Points]]

    @property
    def densities(self) -> Floats:
        """All densities, sorted."""
        every = [points for runs in self.runs.values() for points in runs.values()]
        return np.unique([density for points in every for density, _ in points])

    @property
    def flat(self) -> bool:
        """Whether there is one density only, or none."""
        return len(self.densities) == 0 or bool(self.densities[-1] - self.densities[0] < FLAT)


def trade_off_blocks(subject: Subject) -> tuple[Block, ...]:
    """Return fronts of families, and of tasks attainment surfaces and hypervolumes, where there is a trade-off."""
    frame, queries = subject.read("trade_off", at_budget=True)
    points: dict[str, Points] = {}
    for run_id, density, accuracy in frame.iter_rows():
        points.setdefault(run_id, []).append((density, accuracy))
    families = _scopes(subject, points, lambda run: run.family)
    why = ", ".join(f"{s.name} (density {s.densities.mean():.3g})" for s in families if s.flat and len(s.densities))
    why = f"One density only, so no trade-off: {why}." if why else ""
    varied = [scope for scope in families if not scope.flat]
    if not varied:
        sentence = why or "No trade-off of density and accuracy: none was recorded at the maximal fidelity."
        return (Remark(sentences=(sentence,), how="statistics.front", queries=queries),)
    fronts = _fronts(subject, varied, why, queries)
    tasks = [scope for scope in _scopes(subject, points, lambda run: run.task) if not scope.flat]
    if not tasks:
        return (fronts,)
    return fronts, _attainment(subject, tasks, queries), _hypervolumes(subject, tasks, queries)


def _scopes(subject: Subject, points: Mapping[str, Points], name: Callable[[RunRow], str]) -> list[Scope]:
    """Gather the runs by task or family."""
    found: dict[str, dict[str, dict[str, Points]]] = {}
    for run in subject.results.runs:
        rows = found.setdefault(name(run), {}).setdefault(subject.names[run.contender], {})
        rows[run.run_id] = points.get(run.run_id, [])
    return [Scope(title, runs) for title, runs in sorted(found.items())]


def _fronts(subject: Subject, scopes: list[Scope], why: str, queries: Queries) -> Picture:
    panels = [
        Panel(
            scope.name,
            tuple(
                _front(name, points)
                for name in subject.evidence.names
                if (points := [point for run in scope.runs.get(name, {}).values() for point in run])
            ),
        )
        for scope in scopes
    ]
    note = f"Fronts of all configs trained to the maximal fidelity, all runs and tasks of a family together. {why}"
    drawing = draw("trade-off", "Density against accuracy", note, lambda: trade_off_figure(panels, subject.looks))
    return Picture(drawing=drawing, note=note, how="statistics.front", queries=queries)


def _front(name: str, points: Points) -> Line:
    density, accuracy = np.array(points).T
    edge = front(density, 1 - accuracy)
    return Line(name, edge.density, 1 - edge.loss, stepped=True, marked=True)


def _attainment(subject: Subject, scopes: list[Scope], queries: Queries) -> Picture:
    panels = []
    for scope in scopes:
        grid = np.linspace(scope.densities[0], scope.densities[-1], POINTS)
        lines = [_surface(name, list(scope.runs[name].values()), grid) for name in sorted(scope.runs)]
        panels.append(Panel(scope.name, tuple(lines)))
    note = (
        "Accuracy that half of the runs attain with at most so much density, in a band between what a quarter and "
        "three quarters attain; a line begins where that many runs have a config."
    )
    drawing = draw("attainment", "Attainment surfaces", note, lambda: trade_off_figure(panels, subject.looks))
    return Picture(drawing=drawing, note=note, how="statistics.attainment", queries=queries)


def _surface(name: str, runs: list[Points], grid: Floats) -> Line:
    sets = [(np.array([d for d, _ in points]), np.array([1 - a for _, a in points])) for points in runs]
    high, middle, low = (1 - attainment(sets, grid, share=share).loss for share in SHARES)
    middle, low, high = (np.where(np.isfinite(curve), curve, np.nan) for curve in (middle, low, high))
    return Line(name, grid, middle, low, high, stepped=True)


def _hypervolumes(subject: Subject, scopes: list[Scope], queries: Queries) -> Sheet:
    rows = []
    for scope in scopes:
        reference = float(scope.densities[-1]) * 1.01
        for name in sorted(scope.runs):
            areas = [_share(points, reference) for points in scope.runs[name].values()]
            interval = bootstrap_mean(areas, subject.rng(f"hypervolume {scope.name} {name}"))
            rows.append(_row(scope.name, name, areas, interval, reference))
    return Sheet(
        name="hypervolume",
        title="Hypervolume of density and error",
        columns=("task", "optimizer", "hypervolume", "low", "high", "runs", "reference density"),
        left=frozenset({"task", "optimizer"}),
        highest_first=frozenset({"hypervolume", "low", "high", "runs"}),
        rows=tuple(rows),
        note=(
            "Mean over runs of the share of the box from density 0 and error 0 to the reference density (the "
            "largest trained, and 1 %) and error 1 that a run's configs dominate, with the 95 % bootstrap interval "
            "over runs; higher is better. A run that trained nothing to the end has 0."
        ),
        how="statistics.hypervolume and statistics.bootstrap_mean",
        queries=queries,
    )


def _share(points: Points, reference: float) -> float:
    if not points:
        return 0.0
    density, accuracy = np.array(points).T
    return hypervolume(density, 1 - accuracy, (reference, 1.0)).share


def _row(task: str, name: str, areas: list[float], interval: Interval | None, reference: float) -> tuple[Cell, ...]:
    return (
        words(task),
        words(name),
        number(float(np.mean(areas)), 4),
        number(None if interval is None else interval.low, 4),
        number(None if interval is None else interval.high, 4),
        Cell(str(len(areas)), len(areas)),
        number(reference, 3),
    )
