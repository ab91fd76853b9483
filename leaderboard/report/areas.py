"""Areas: the mean incumbent's loss while the budget is spent, in full evaluations and in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nasbench_sparse.leaderboard.figures.dots import Dot, dots_figure
from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.report.blocks import Block, Cell, Picture, Queries, Sheet, number, words
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.bootstrap import bootstrap_mean
from nasbench_sparse.leaderboard.statistics.check import counted
from nasbench_sparse.leaderboard.statistics.incumbents import Trace, anytime

HOW = "statistics.anytime and statistics.bootstrap_mean"

Areas = dict[str, list[Dot]]
"""By task."""


def area_blocks(
    subject: Subject,
    traces: Mapping[str, Mapping[str, Mapping[str, Sequence[Trace]]]],
    budgets: Mapping[str, Mapping[str, float]],
    sources: Queries,
) -> tuple[Block, ...]:
    """Return one table, and one figure for each axis.

    Args:
        traces: by axis, task and contender; budgets: by axis and task.
    """
    areas = {axis: _areas(subject, axis, rows, budgets[axis]) for axis, rows in traces.items()}
    pictures = tuple(_picture(subject, axis, found, sources) for axis, found in areas.items() if found)
    return (_sheet(areas, sources), *pictures)


def _areas(
    subject: Subject,
    axis: str,
    traces: Mapping[str, Mapping[str, Sequence[Trace]]],
    budgets: Mapping[str, float],
) -> Areas:
    worst = {run.task: run.worst for run in subject.results.runs}
    found: Areas = {}
    for task, rows in sorted(traces.items()):
        if budgets[task] <= 0:
            continue
        for name in (name for name in subject.evidence.names if name in rows):
            area = anytime(rows[name], budgets[task], worst[task], axis=axis, points=2).area
            interval = bootstrap_mean(area, subject.rng(f"area {axis} {task} {name}"), resamples=1000)
            low, high = (np.nan, np.nan) if interval is None else (interval.low, interval.high)
            found.setdefault(task, []).append(Dot(name, float(area.mean()), low, high))
    return found


def _sheet(areas: Mapping[str, Areas], sources: Queries) -> Sheet:
    keys = dict.fromkeys(
        (task, dot.name) for found in areas.values() for task, dots in found.items() for dot in dots
    )
    by_key = {
        axis: {(task, dot.name): dot for task, dots in found.items() for dot in dots}
        for axis, found in areas.items()
    }
    ends = tuple(f"{axis}, {end}" for axis in areas for end in ("low", "high"))
    columns = ("task", "optimizer", *(f"over {axis}" for axis in areas), *ends)
    rows = []
    for task, name in keys:
        dots = [by_key[axis].get((task, name)) for axis in areas]
        limits = [number(None if dot is None else end) for dot in dots for end in _ends(dot)]
        rows.append((words(task), words(name), *map(_cell, dots), *limits))
    return Sheet(
        name="areas",
        title="Anytime areas",
        columns=columns,
        left=frozenset({"task", "optimizer"}),
        files_only=frozenset(ends),
        rows=tuple(rows),
        note=(
            "Incumbent's loss at the maximal fidelity, averaged over all that is spent up to the budget; the "
            "objective's worst loss counts until a run has a result. Mean over runs, in brackets the 95 % "
            "bootstrap interval; lower is better: early and good."
        ),
        how=HOW,
        queries=sources,
    )


def _ends(dot: Dot | None) -> tuple[float | None, float | None]:
    return (None, None) if dot is None else (dot.low, dot.high)


def _cell(dot: Dot | None) -> Cell:
    if dot is None:
        return Cell("—")
    interval = "" if np.isnan(dot.low) else f" [{dot.low:.3f}, {dot.high:.3f}]"
    return Cell(f"{dot.value:.4f}{interval}", dot.value)


def _picture(subject: Subject, axis: str, found: Areas, sources: Queries) -> Picture:
    note = f"Anytime area over {axis} with 95 % bootstrap intervals over runs; further left is better."
    drawing = draw(
        f"area-{axis.split()[-1]}",
        f"Anytime area over {axis}",
        f"{note} {counted(len(found), 'panel')}, one for each task.",
        lambda: dots_figure(found, subject.looks, "mean incumbent's loss"),
    )
    return Picture(drawing=drawing, note=note, how=HOW, queries=sources)
