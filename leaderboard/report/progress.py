"""Section: how fast incumbents improve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.figures.time_to_target import time_to_target_figure
from nasbench_sparse.leaderboard.report.anytime import POINTS, Traces, anytime_picture
from nasbench_sparse.leaderboard.report.areas import area_blocks
from nasbench_sparse.leaderboard.report.blocks import Block, Picture, Queries, Remark, Section
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.runs import Optimum, RunRow
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.statistics.incumbents import AXES, Trace, trace
from nasbench_sparse.leaderboard.statistics.targets import time_to_target

DECADES = 3
TARGETS = 10 * DECADES + 1


def progress_section(subject: Subject) -> Section:
    """Return anytime curves and areas over full evaluations and over seconds, and the times to targets."""
    frame, queries = subject.read("incumbents", in_band=True)
    events: dict[str, list[tuple[float, float | None, float]]] = {}
    for run_id, evaluations, seconds, loss in frame.iter_rows():
        events.setdefault(run_id, []).append((evaluations, seconds, loss))
    sources = (*subject.base_queries[:1], *queries)
    traces: dict[str, Traces] = {}
    for column, axis in enumerate(AXES):
        found = _traces(subject, events, column)
        if any(len(t.loss) for rows in found.values() for runs in rows.values() for t in runs):
            traces[axis] = found
    budgets = {axis: {task: _end(rows) for task, rows in found.items()} for axis, found in traces.items()}
    blocks: tuple[Block, ...] = tuple(
        anytime_picture(subject, found, budgets[axis], axis, sources) for axis, found in traces.items()
    )
    if traces:
        blocks = (
            *blocks,
            *area_blocks(subject, traces, budgets, sources),
            _targets(subject, traces, budgets, sources),
        )
    else:
        blocks = (Remark(sentences=("No run has a finished training at the maximal fidelity.",), queries=sources),)
    lead = "A trial counts when it is told, with what all trials before it and it itself have spent."
    return Section("progress", "Progress", lead, blocks)


def _traces(subject: Subject, events: Mapping[str, list[tuple[float, float | None, float]]], column: int) -> Traces:
    found: dict[str, dict[str, list[Trace]]] = {}
    for run in subject.results.runs:
        if not subject.results.covering(run):
            continue
        rows = events.get(run.run_id, [])
        spent = [row[column] for row in rows]
        if any(value is None for value in spent):
            continue
        losses = [row[2] for row in rows]
        end = max([_observed(run, column), *(s for s in spent if s is not None)])
        name = subject.names[run.contender]
        found.setdefault(run.task, {}).setdefault(name, []).append(trace(spent, losses, end=end, falling=False))
    return found


def _observed(run: RunRow, column: int) -> float:
    if run.status == "exhausted":
        return math.inf
    return run.full_evaluations if column == 0 else run.clock


def _end(rows: Mapping[str, Sequence[Trace]]) -> float:
    """Return the spending up to which every run was observed; where all are exhausted, of the last event."""
    ends = [run.end for runs in rows.values() for run in runs]
    finite = min(ends, default=0.0)
    if math.isinf(finite):
        finite = max(
            (float(run.spent[-1]) for runs in rows.values() for run in runs if len(run.spent)), default=0.0
        )
    return finite


def _targets(
    subject: Subject, traces: Mapping[str, Traces], budgets: Mapping[str, Mapping[str, float]], sources: Queries
) -> Block:
    panels, left_out, some_targets = [], "", False
    for axis, found in traces.items():
        shares, used = _shares(found, budgets[axis], axis, subject.results.optima)
        if not used:
            continue
        grid = np.linspace(0.0, 1.0, POINTS)
        complete = [name for name in subject.evidence.names if len(shares.get(name, ())) == used]
        partial = [name for name in subject.evidence.names if name in shares and name not in complete]
        some_targets = True
        if not complete:
            continue
        panels.append(
            Panel(
                f"over {axis}",
                tuple(Line(n, grid, np.mean(shares[n], axis=0), stepped=True) for n in complete),
            )
        )
        left_out = f" Left out, since not run on all tasks: {', '.join(partial)}." if partial else ""
    if not panels:
        sentence = (
            "No time to targets: no contender ran on all tasks, and a mean over other tasks would compare nothing."
            if some_targets
            else "No targets: every incumbent of every task has the same loss."
        )
        return Remark(sentences=(sentence,), queries=sources)
    note = (
        f"Share of {TARGETS} targets reached by a share of each task's budget, mean over tasks. Targets are gaps "
        "to the lowest loss of the task's table, or without one to the best loss found, evenly spaced on a "
        f"logarithmic scale from the gap of the worst first incumbent to {10.0**-DECADES:g} of it; higher is "
        f"better.{left_out}"
    )
    drawing = draw(
        "time-to-target",
        "Time to targets",
        note,
        lambda: time_to_target_figure(panels, subject.looks),
    )
    return Picture(
        drawing=drawing,
        note=note,
        how="statistics.time_to_target",
        queries=sources,
    )


def _shares(
    traces: Traces, budgets: Mapping[str, float], axis: str, optima: Mapping[str, Optimum]
) -> tuple[dict[str, list[Floats]], int]:
    """Return each contender's reached shares, a list over tasks, and how many tasks have targets."""
    shares: dict[str, list[Floats]] = {}
    grid = np.linspace(0.0, 1.0, POINTS)
    used = 0
    for task, rows in traces.items():
        targets = task_targets(rows, optima.get(task))
        if targets is None or budgets[task] <= 0:
            continue
        used += 1
        for name, runs in rows.items():
            reached = time_to_target(runs, targets, grid * budgets[task], axis=axis)
            shares.setdefault(name, []).append(reached.fraction)
    return shares, used


def task_targets(rows: Mapping[str, Sequence[Trace]], optimum: Optimum | None) -> Floats | None:
    """Return losses from the worst first incumbent down, (targets,); None where there is nothing to reach.

    Their gaps to the lowest loss of the task's table, or to the best found, are spaced logarithmically.

    References:
        Hansen et al. (2022), "Anytime performance assessment in blackbox optimization benchmarking", section 4.
    """
    traces = [run for runs in rows.values() for run in runs if len(run.loss)]
    if not traces:
        return None
    worst = max(float(run.loss[0]) for run in traces)
    best = min([float(run.loss.min()) for run in traces] + ([] if optimum is None else [optimum.loss]))
    return best + (worst - best) * np.logspace(0, -DECADES, TARGETS) if best < worst else None
