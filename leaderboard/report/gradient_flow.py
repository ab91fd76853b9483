"""Effective gradient flow of the final incumbents while they were trained, where it was measured."""

from __future__ import annotations

from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.gradient_flow import gradient_flow_figure
from nasbench_sparse.leaderboard.report.blocks import Block, Picture
from nasbench_sparse.leaderboard.report.curves import curve_panel, runs_text
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.check import counted

Flows = dict[tuple[str, str], dict[str, dict[int, list[float]]]]
"""Values of the runs: by task and measure, contender, and step."""


def gradient_flow_blocks(subject: Subject) -> tuple[Block, ...]:
    """Return one figure with a panel for each task and measure, or nothing."""
    frame, queries = subject.read("gradient_flow", in_band=True, at_budget=True)
    task_of = {run.run_id: run.task for run in subject.results.runs}
    flows: Flows = {}
    units: dict[str, str] = {}
    for run_id, unit, measure, step, flow in frame.iter_rows():
        if run_id in task_of:
            units[task_of[run_id]] = unit
            rows = flows.setdefault((task_of[run_id], measure), {}).setdefault(subject.by_run[run_id], {})
            rows.setdefault(step, []).append(flow)
    if not flows:
        return ()
    measures = sorted({measure for _, measure in flows})
    names = subject.evidence.names
    panels = [
        curve_panel(task if len(measures) == 1 else f"{task}, {measure}", rows, names, units[task])
        for (task, measure), rows in sorted(flows.items())
    ]
    note = (
        f"Effective gradient flow ({', '.join(measures)}) of the final incumbents while they were trained: mean "
        "norm over layers of the gradients of the weights kept, means over runs: "
        f"{runs_text(flows.values(), names)}"
    )
    drawing = draw(
        "gradient-flow",
        "Gradient flow of final incumbents",
        f"{note} {counted(len(panels), 'panel')}, one for each task and measure.",
        lambda: gradient_flow_figure(panels, subject.looks),
    )
    return (Picture(drawing=drawing, note=note, how="plain means", queries=queries),)
