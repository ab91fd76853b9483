"""Section: what the searches found: learning curves, gradient flow, trade-offs, choices, activations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from nasbench_sparse.leaderboard.figures.choices import Choices, choices_figure
from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.learning_curves import learning_curves_figure
from nasbench_sparse.leaderboard.report.activations import activation_blocks
from nasbench_sparse.leaderboard.report.blocks import Block, Picture, Remark, Section
from nasbench_sparse.leaderboard.report.curves import curve_panel, runs_text
from nasbench_sparse.leaderboard.report.gradient_flow import gradient_flow_blocks
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.report.trade_off import trade_off_blocks
from nasbench_sparse.leaderboard.statistics.check import counted

LEAD = "Of each run the trials that count at the budget compared; its final incumbent is the best of these."


def findings_section(subject: Subject) -> Section:
    """Return the figures for which the store has data, and a sentence for each of the others."""
    blocks = (
        _learning_curves(subject),
        *gradient_flow_blocks(subject),
        *trade_off_blocks(subject),
        _choices(subject),
        *activation_blocks(subject),
    )
    return Section("findings", "What was found", LEAD, blocks)


def _learning_curves(subject: Subject) -> Block:
    frame, queries = subject.read("learning_curves", in_band=True, at_budget=True)
    by_run = subject.by_run
    task_of = {run.run_id: run.task for run in subject.results.runs}
    curves: dict[str, dict[str, dict[int, list[float]]]] = {}
    units: dict[str, str] = {}
    for run_id, unit, step, accuracy in frame.iter_rows():
        if run_id in by_run:
            task = task_of[run_id]
            units[task] = unit
            curves.setdefault(task, {}).setdefault(by_run[run_id], {}).setdefault(step, []).append(accuracy)
    if not curves:
        return Remark(sentences=("No learning curves: no incumbent has recorded accuracies.",), queries=queries)
    names = subject.evidence.names
    panels = [curve_panel(task, rows, names, units[task]) for task, rows in sorted(curves.items())]
    drawn = {(task, name) for task, rows in curves.items() for name in rows}
    note = (
        "Validation accuracy of the final incumbents while they were trained, means over the runs whose "
        f"incumbent's training the store holds: {runs_text(curves.values(), names)}{_undrawn(subject, drawn)}"
    )
    drawing = draw(
        "learning-curves",
        "Learning curves of final incumbents",
        f"{note} {counted(len(panels), 'panel')}, one for each task.",
        lambda: learning_curves_figure(panels, subject.looks),
    )
    return Picture(drawing=drawing, note=note, how="plain means", queries=queries)


def _undrawn(subject: Subject, drawn: Collection[tuple[str, str]]) -> str:
    """Say which contenders have no curve, and on how many tasks."""
    missing = Counter(
        name
        for task, name in {(run.task, subject.names[run.contender]) for run in subject.results.runs}
        if (task, name) not in drawn
    )
    if not missing:
        return ""
    said = ", ".join(
        f"{name} (on {missing[name]} of {counted(len(subject.evidence.tasks), 'task')})"
        for name in subject.evidence.names
        if name in missing
    )
    return f" Not drawn, since no run's incumbent was trained (its result was predicted, or there is none): {said}."


def _choices(subject: Subject) -> Block:
    frame, queries = subject.read("choices", in_band=True, at_budget=True)
    tasks: dict[str, dict[tuple[str, str], int]] = {}
    for task, field, choice, count in frame.iter_rows():
        tasks.setdefault(task, {})[field, choice] = count
    if not tasks:
        return Remark(sentences=("No named choices: these spaces hold numbers only.",), queries=queries)
    shown = [Choices(task, counts) for task, counts in sorted(tasks.items())][:12]
    note = "How many final incumbents made each choice, all contenders together; the most frequent choices."
    drawing = draw("choices", "Choices of the final incumbents", note, lambda: choices_figure(shown))
    return Picture(drawing=drawing, note=note, how="plain counts", queries=queries)
