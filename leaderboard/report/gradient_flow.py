"""Effective gradient flow of the final incumbents while they were trained, where it was measured."""

from __future__ import annotations

import numpy as np

from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.gradient_flow import gradient_flow_figure
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.report.blocks import Block, Picture
from nasbench_sparse.leaderboard.report.subject import Subject

Flows = dict[tuple[str, str], dict[str, dict[int, list[float]]]]
"""Values of the runs: by task and measure, contender, and step."""


def gradient_flow_blocks(subject: Subject) -> tuple[Block, ...]:
    """Return one figure with a panel for each task and measure, or nothing."""
    frame, queries = subject.read("gradient_flow", in_band=True, at_budget=True)
    task_of = {run.run_id: run.task for run in subject.results.runs}
    flows: Flows = {}
    for run_id, measure, step, flow in frame.iter_rows():
        if run_id in task_of:
            rows = flows.setdefault((task_of[run_id], measure), {}).setdefault(subject.by_run[run_id], {})
            rows.setdefault(step, []).append(flow)
    if not flows:
        return ()
    measures = sorted({measure for _, measure in flows})
    panels = [
        Panel(
            task if len(measures) == 1 else f"{task}, {measure}",
            tuple(_line(name, rows[name]) for name in subject.evidence.names if name in rows),
        )
        for (task, measure), rows in sorted(flows.items())
    ]
    note = (
        f"Effective gradient flow ({', '.join(measures)}) of the final incumbents while they were trained: mean "
        "norm over layers of the gradients of the weights kept, means over runs."
    )
    drawing = draw(
        "gradient-flow",
        "Gradient flow of final incumbents",
        f"{note} {len(panels)} panels, one for each task and measure.",
        lambda: gradient_flow_figure(panels, subject.looks),
    )
    return (Picture(drawing=drawing, note=note, how="plain means", queries=queries),)


def _line(name: str, steps: dict[int, list[float]]) -> Line:
    """Average the steps that as many runs have as the first."""
    full = len(steps[min(steps)])
    kept = sorted(step for step, values in steps.items() if len(values) == full)
    return Line(name, np.array(kept, dtype=float), np.array([np.mean(steps[step]) for step in kept]))
