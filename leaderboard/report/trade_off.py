"""Trade-off of density and accuracy: fronts, what the runs attain, and the hypervolume they dominate."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.figures.trade_off import trade_off_figure
from nasbench_sparse.leaderboard.report.blocks import (
    Block,
    Cell,
    Picture,
    Queries,
    Remark,
    Sheet,
    count,
    number,
    words,
)
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.attainment_surface import attainment
from nasbench_sparse.leaderboard.statistics.bootstrap import Interval, bootstrap_mean
from nasbench_sparse.leaderboard.statistics.check import Floats, span
from nasbench_sparse.leaderboard.statistics.pairing import RunKey
from nasbench_sparse.leaderboard.statistics.pareto import front, hypervolume

FLAT = 0.005
"""Densities nearer than this are one density: there is no trade-off to draw."""

POINTS = 81
SHARES = (0.25, 0.5, 0.75)

Points = list[tuple[float, float]]
"""(density, accuracy) of the configs that a run trained to the end."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The points of a task's runs, by contender and (seed, replicate); a run that ended no training has none."""

    name: str
    family: str
    runs: Mapping[str, Mapping[RunKey, Points]]

    @property
    def densities(self) -> Floats:
        """All densities, sorted."""
        every = [points for runs in self.runs.values() for points in runs.values()]
        return np.unique([density for points in every for density, _ in points])

    @property
    def flat(self) -> bool:
        """Whether there is one density only, or none."""
        return _flat(self.densities)


def _flat(densities: Floats) -> bool:
    return len(densities) == 0 or bool(densities.max() - densities.min() < FLAT)


def trade_off_blocks(subject: Subject) -> tuple[Block, ...]:
    """Return fronts, attainment surfaces and hypervolumes of tasks where there is a trade-off.

    Tasks that fix a density each are points side by side, by family.
    """
    frame, queries = subject.read("trade_off", at_budget=True)
    points: dict[str, Points] = {}
    for run_id, density, accuracy in frame.iter_rows():
        points.setdefault(run_id, []).append((density, accuracy))
    tasks = _scopes(subject, points)
    common = {scope.name: _common(subject, scope.name) for scope in tasks if not scope.flat}
    searched = [scope for scope in tasks if common.get(scope.name)]
    fixed: dict[str, list[Scope]] = {}
    for scope in tasks:
        if scope.flat and len(scope.densities):
            fixed.setdefault(scope.family, []).append(scope)
    levels = {name: scopes for name, scopes in fixed.items() if not _flat(_levels(scopes))}
    alone = [scope for name, scopes in fixed.items() if name not in levels for scope in scopes]
    why = ", ".join(f"{scope.name} (density {scope.densities.mean():.3g})" for scope in alone)
    why = f"One density only, so no trade-off: {why}. " if why else ""
    apart = ", ".join(name for name, keys in common.items() if not keys)
    why = (why + (f"No seed that all contenders completed: {apart}." if apart else "")).strip()
    if not searched and not levels:
        sentence = why or "No trade-off of density and accuracy: none was recorded at the maximal fidelity."
        return (Remark(sentences=(sentence,), how="statistics.front", queries=queries),)
    fronts = _fronts(subject, searched, levels, why, queries)
    if not searched:
        return (fronts,)
    return fronts, _attainment(subject, searched, queries), _hypervolumes(subject, searched, queries)


def _scopes(subject: Subject, points: Mapping[str, Points]) -> list[Scope]:
    """Gather the runs by task."""
    found: dict[str, dict[str, dict[RunKey, Points]]] = {}
    for run in subject.results.runs:
        rows = found.setdefault(run.task, {}).setdefault(subject.names[run.contender], {})
        rows[run.seed, run.replicate] = points.get(run.run_id, [])
    families = subject.evidence.families
    return [Scope(task, families[task], runs) for task, runs in sorted(found.items())]


def _levels(scopes: Sequence[Scope]) -> Floats:
    """Return the density of each task, (tasks,)."""
    return np.array([scope.densities.mean() for scope in scopes])


def _fronts(
    subject: Subject, searched: Sequence[Scope], levels: Mapping[str, Sequence[Scope]], why: str, queries: Queries
) -> Picture:
    names = subject.evidence.names
    common = {scope.name: _common(subject, scope.name) for scope in searched}
    panels = [
        Panel(scope.name, _edges(_completed(subject, scope.name), scope, common[scope.name])) for scope in searched
    ]
    panels += [Panel(f"{family}, fixed", _means(names, scopes)) for family, scopes in levels.items()]
    said = []
    if searched:
        each = ", ".join(f"{task} {len(keys)}" for task, keys in common.items())
        said.append(
            "Steps: the front of all configs trained to the maximal fidelity, by the runs of those seeds that all "
            f"who completed any on the task completed, whose number is: {each}."
        )
        if subject.results.density is not None:
            said.append("Fronts are of all densities, not of the band alone.")
    if levels:
        said.append(
            "Fixed: tasks of a family, each of one density that no run chose. A point is the mean of the best "
            f"accuracy of a run over {_runs_text(levels)}, and lines only lead from task to task."
        )
    note = " ".join([*said, *([why] if why else [])])
    drawing = draw("trade-off", "Density against accuracy", note, lambda: trade_off_figure(panels, subject.looks))
    return Picture(drawing=drawing, note=note, how="statistics.front", queries=queries)


def _completed(subject: Subject, task: str) -> list[str]:
    """Return the contenders that completed any run of a task."""
    columns = subject.evidence.paired[task].columns
    return [name for name in subject.evidence.names if np.isfinite(columns[name]).any()]


def _common(subject: Subject, task: str) -> frozenset[RunKey]:
    """Return the seeds and replicates of a task that every contender completed which completed any."""
    paired = subject.evidence.paired[task]
    done = [np.isfinite(paired.columns[name]) for name in _completed(subject, task)]
    shared = np.all(done, axis=0) if done else np.zeros(len(paired.keys), dtype=np.bool_)
    return frozenset(key for key, wanted in zip(paired.keys, shared, strict=True) if wanted)


def _runs_text(levels: Mapping[str, Sequence[Scope]]) -> str:
    """Say how many runs a contender has on a task."""
    every = [scope for scopes in levels.values() for scope in scopes]
    return span([sum(map(bool, runs.values())) for scope in every for runs in scope.runs.values()], "run")


def _edges(names: Sequence[str], scope: Scope, keys: Collection[RunKey]) -> tuple[Line, ...]:
    """Return the front of each contender's configs in some of its runs."""
    lines = []
    for name in names:
        runs = scope.runs.get(name, {})
        points = [point for key, found in runs.items() if key in keys for point in found]
        if points:
            density, accuracy = np.array(points).T
            edge = front(density, 1 - accuracy)
            lines.append(Line(name, edge.density, 1 - edge.loss, stepped=True, marked=True))
    return tuple(lines)


def _means(names: Sequence[str], scopes: Sequence[Scope]) -> tuple[Line, ...]:
    """Return each contender's mean over runs of the best accuracy, over the densities of tasks."""
    lines = []
    for name in names:
        found = []
        for level, scope in zip(_levels(scopes), scopes, strict=True):
            runs = scope.runs.get(name, {}).values()
            best = [max(accuracy for _, accuracy in points) for points in runs if points]
            found += [(level, np.mean(best))] if best else []
        if found:
            density, accuracy = np.array(sorted(found)).T
            lines.append(Line(name, density, accuracy, marked=True))
    return tuple(lines)


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
        count(len(areas)),
        number(reference, 3),
    )
