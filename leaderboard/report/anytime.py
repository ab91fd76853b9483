"""Incumbents over what is spent: regret where a task's optimum is exact, else the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from nasbench_sparse.leaderboard.figures.anytime import LOSS, REGRET, anytime_figure
from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.panels import MOST_PANELS, Line, Panel
from nasbench_sparse.leaderboard.report.blocks import Picture, Queries
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.check import Floats, counted
from nasbench_sparse.leaderboard.statistics.incumbents import Trace
from nasbench_sparse.leaderboard.statistics.stratified import Strata, stratified_bootstrap

POINTS = 61
FIRST = POINTS // 10
"""Points of the first tenth of a budget, in which losses fall most."""

MARGIN = 0.05
"""Share of a panel's height that is left free above and below."""

ROUNDING = 1e-9
"""Regrets below this share of the losses are what rounding leaves of a mean at the optimum."""

Traces = Mapping[str, Mapping[str, list[Trace]]]
"""Traces of the runs that count, by task and contender."""


def anytime_picture(
    subject: Subject, traces: Traces, budgets: Mapping[str, float], axis: str, sources: Queries
) -> Picture:
    """Return a panel for each task with the mean incumbent of each contender over an axis."""
    panels = []
    for task in sorted(traces):
        if budgets[task] <= 0:
            continue
        lines = tuple(
            _line(subject, name, traces[task][name], budgets[task], f"{axis} {task}")
            for name in subject.evidence.names
            if name in traces[task]
        )
        optimum = subject.results.optima.get(task)
        exact = optimum.loss if optimum is not None and optimum.exact else None
        panels.append(panel_of(task, lines, exact))
    left_out = f" The first {MOST_PANELS} of {len(panels)} tasks are drawn." if len(panels) > MOST_PANELS else ""
    note = (
        f"Mean over runs of the incumbent at the maximal fidelity, over {axis}, with pointwise 95 % "
        "bootstrap intervals over runs; a line begins where all of its runs have a result and ends "
        f"where the first run of the task ends.{_axes(panels)}{_rises(subject)}{left_out}"
    )
    drawing = draw(
        f"anytime-{axis.split()[-1]}",
        f"Incumbents over {axis}",
        f"{note} {counted(len(panels), 'panel')}, one for each task.",
        lambda: anytime_figure(panels, subject.looks, axis),
    )
    return Picture(
        drawing=drawing,
        note=note,
        how="statistics.trace and the stratified bootstrap",
        queries=sources,
    )


def panel_of(task: str, lines: tuple[Line, ...], optimum: float | None) -> Panel:
    """Return a task's panel.

    With an exact optimum it shows regrets on a logarithmic axis, whose foot is half of the least above 0. Without
    one it shows losses, and its top is the highest after a tenth of the budget. Intervals lie within the limits.
    """
    if optimum is not None:
        regrets = tuple(_minus(line, optimum) for line in lines)
        means = _values(regrets)
        if (means > 0).any():
            foot, top = float(means[means > 0].min()) / 2.0, float(_values(regrets, ends=True).max()) * 1.5
            lines = tuple(_not_below(line, foot) for line in regrets)
            return Panel(task, lines, (foot, top), logarithmic=True, y_label=REGRET)
    late = _values([_from(line, FIRST) for line in lines], ends=True)
    if not len(late) or late.min() == late.max():
        return Panel(task, lines, y_label=LOSS)
    free = MARGIN * float(late.max() - late.min())
    return Panel(task, lines, (float(late.min()) - free, float(late.max()) + free), y_label=LOSS)


def _axes(panels: Sequence[Panel]) -> str:
    """Say what the panels' vertical axes show."""
    said = ""
    if any(panel.logarithmic for panel in panels):
        said += (
            " Where a task's optimum is known exactly, its regret on a logarithmic axis: a line at the foot has "
            "reached the optimum, and intervals that go lower end there."
        )
    if any(not panel.logarithmic for panel in panels):
        said += " Losses are cut off above the highest after a tenth of the budget."
    return said


def _rises(subject: Subject) -> str:
    """Say why a mean incumbent can get worse, where one can."""
    if not subject.results.optima:
        return ""
    return (
        " Where a task has a table, a line can rise: a run takes the config that is best on its own replicate, and "
        "drawn is that config's mean over the table's replicates."
    )


def _values(lines: Sequence[Line], *, ends: bool = False) -> Floats:
    """Return all finite values of lines, on request those of their intervals' ends too."""
    parts = [line.y for line in lines]
    if ends:
        parts += [end for line in lines for end in (line.low, line.high) if end is not None]
    values = np.concatenate(parts)
    found: Floats = values[np.isfinite(values)]
    return found


def _from(line: Line, first: int) -> Line:
    low, high = (None if end is None else end[first:] for end in (line.low, line.high))
    return replace(line, y=line.y[first:], low=low, high=high)


def _minus(line: Line, optimum: float) -> Line:
    """Return regrets; what rounding leaves of a mean at the optimum is 0."""

    def regret(losses: Floats) -> Floats:
        difference = losses - optimum
        nothing = np.abs(difference) <= ROUNDING * np.maximum(np.abs(losses), abs(optimum))
        found: Floats = np.where(nothing, 0.0, difference)
        return found

    low, high = (None if end is None else regret(end) for end in (line.low, line.high))
    return replace(line, y=regret(line.y), low=low, high=high)


def _not_below(line: Line, foot: float) -> Line:
    low, high = (None if end is None else np.maximum(end, foot) for end in (line.low, line.high))
    return replace(line, y=np.maximum(line.y, foot), low=low, high=high)


def _line(subject: Subject, name: str, runs: Sequence[Trace], budget: float, part: str) -> Line:
    grid = np.linspace(0.0, budget, POINTS)
    losses = np.array([run.at(grid, np.nan) for run in runs])
    rows = Strata((np.arange(len(runs), dtype=float),))
    # whole runs are drawn, so that a band is as smooth as its line

    def means(drawn: Floats) -> Floats:
        found: Floats = losses[drawn[:, :, 0].astype(int)].mean(axis=1)  # (m, runs, 1) -> (m, points)
        return found

    ends = stratified_bootstrap(means, rows, subject.rng(f"{part} {name}"), resamples=400)
    low, high = (None, None) if ends is None else ends
    return Line(name, grid, losses.mean(axis=0), low, high, stepped=True)
