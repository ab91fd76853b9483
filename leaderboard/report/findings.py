"""Section: what the searches found: trade-offs, choices, learning curves, and how early the order shows."""

from __future__ import annotations

import numpy as np

from nasbench_sparse.leaderboard.figures.agreement import agreement_figure
from nasbench_sparse.leaderboard.figures.choices import Choices, choices_figure
from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.early_order import early_order_figure
from nasbench_sparse.leaderboard.figures.learning_curves import learning_curves_figure
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.figures.trade_off import trade_off_figure
from nasbench_sparse.leaderboard.report.blocks import Block, Picture, Remark, Section
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.agreement import agreement_curve, agreement_matrix
from nasbench_sparse.leaderboard.statistics.pareto import front

FLAT = 0.005
"""Densities of one family nearer than this are one density: there is no trade-off to draw."""


def findings_section(subject: Subject) -> Section:
    """Return the figures for which the store has data, and a sentence for each of the others."""
    blocks = (
        _learning_curves(subject),
        _trade_off(subject),
        _choices(subject),
        _rankings(subject),
        _early_order(subject),
    )
    return Section("findings", "What was found", "", blocks)


def _learning_curves(subject: Subject) -> Block:
    frame, queries = subject.read("learning_curves")
    by_run = subject.by_run
    task_of = {run.run_id: run.task for run in subject.results.runs}
    curves: dict[tuple[str, str], dict[int, list[float]]] = {}
    for run_id, step, accuracy in frame.iter_rows():
        if run_id in by_run:
            curves.setdefault((task_of[run_id], by_run[run_id]), {}).setdefault(step, []).append(accuracy)
    if not curves:
        return Remark(sentences=("No learning curves: no incumbent has recorded accuracies.",), queries=queries)
    panels = []
    for task in subject.evidence.tasks:
        lines = []
        for name in subject.evidence.names:
            steps = curves.get((task, name), {})
            points = sorted(step for step, values in steps.items() if len(values) == len(steps[min(steps)]))
            means = np.array([np.mean(steps[step]) for step in points])
            if points:
                lines.append(Line(name, np.array(points, dtype=float), means))
        if lines:
            panels.append(Panel(task, tuple(lines)))
    note = "Validation accuracy of the final incumbents while they were trained, means over runs."
    drawing = draw(
        "learning-curves",
        "Learning curves of final incumbents",
        f"{note} {len(panels)} panels, one for each task.",
        lambda: learning_curves_figure(panels, subject.looks),
    )
    return Picture(drawing=drawing, note=note, how="plain means", queries=queries)


def _trade_off(subject: Subject) -> Block:
    frame, queries = subject.read("trade_off")
    points: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for run_id, family, task, density, accuracy in frame.iter_rows():
        name = subject.by_run.get(run_id)
        if name is not None:
            points.setdefault(family or task, {}).setdefault(name, []).append((density, accuracy))
    panels, flat = [], []
    for family, rows in sorted(points.items()):
        densities = [density for pairs in rows.values() for density, _ in pairs]
        if max(densities) - min(densities) < FLAT:
            flat.append(f"{family} (density {np.mean(densities):.3g})")
            continue
        panels.append(Panel(family, tuple(_front(n, rows[n]) for n in subject.evidence.names if n in rows)))
    why = f"One density only, so no trade-off: {', '.join(flat)}." if flat else ""
    if not panels:
        sentence = why or "No trade-off of density and accuracy: none was recorded at the maximal fidelity."
        return Remark(sentences=(sentence,), how="statistics.front", queries=queries)
    note = f"Fronts of all configs trained to the maximal fidelity, all runs and tasks of a family together. {why}"
    drawing = draw("trade-off", "Density against accuracy", note, lambda: trade_off_figure(panels, subject.looks))
    return Picture(drawing=drawing, note=note, how="statistics.front", queries=queries)


def _front(name: str, pairs: list[tuple[float, float]]) -> Line:
    density, accuracy = np.array(pairs).T
    edge = front(density, 1 - accuracy)
    return Line(name, edge.density, 1 - edge.loss, stepped=True, marked=True)


def _choices(subject: Subject) -> Block:
    frame, queries = subject.read("choices")
    tasks: dict[str, dict[tuple[str, str], int]] = {}
    for task, field, choice, count in frame.iter_rows():
        tasks.setdefault(task, {})[field, choice] = count
    if not tasks:
        return Remark(sentences=("No named choices: these spaces hold numbers only.",), queries=queries)
    shown = [Choices(task, counts) for task, counts in sorted(tasks.items())][:12]
    note = "How many final incumbents made each choice, all contenders together; the most frequent choices."
    drawing = draw("choices", "Choices of the final incumbents", note, lambda: choices_figure(shown))
    return Picture(drawing=drawing, note=note, how="plain counts", queries=queries)


def _rankings(subject: Subject) -> Block:
    """Draw how far tasks rank the contenders alike."""
    evidence = subject.evidence
    if len(evidence.tasks) < 2 or len(evidence.names) < 2:
        sentence = "No agreement of rankings: that needs two tasks and two contenders."
        return Remark(sentences=(sentence,), queries=subject.base_queries)
    table = np.column_stack(list(evidence.columns().values())).T
    matrix = agreement_matrix(table, evidence.tasks)
    note = f"Do two tasks rank the contenders alike? {matrix.sentence}"
    drawing = draw(
        "agreement",
        "Agreement of the tasks' rankings",
        note,
        lambda: agreement_figure(matrix.tau, evidence.tasks),
    )
    return Picture(drawing=drawing, note=note, how="statistics.agreement_matrix", queries=subject.base_queries)


def _early_order(subject: Subject) -> Block:
    frame, queries = subject.read("order_by_epoch")
    lines, sentences = [], []
    for (task,), part in frame.group_by("task", maintain_order=True):
        wide = part.pivot(on="step", index="config_key", values="loss")
        curves = wide.drop("config_key").to_numpy().astype(float)
        if len(curves) < 4 or curves.shape[1] < 2:
            continue
        found = agreement_curve(curves)
        share = np.arange(1, curves.shape[1] + 1) / curves.shape[1]
        low, high = found.low, found.high
        lines.append(Line(str(task), share, found.tau, low, high))
        first = found.first_reaching(0.8)
        if first is not None:
            sentences.append(f"{task} from {100 * share[first]:.0f} %")
    if not lines:
        sentence = "No curve of agreement over epochs: no task has four configs trained for several epochs."
        return Remark(sentences=(sentence,), queries=queries)
    names = [line.name for line in lines]
    known = f" tau-b stays at 0.8 or above: {', '.join(sentences)} of the training." if sentences else ""
    note = (
        "How early is the order of configs known? Kendall's tau-b of the losses after each epoch with the final "
        f"ones, with 95 % jackknife intervals.{known}"
    )
    drawing = draw(
        "early-order",
        "How early the order is known",
        note,
        lambda: early_order_figure(Panel("", tuple(lines)), looks(names)),
    )
    return Picture(drawing=drawing, note=note, how="statistics.agreement_curve", queries=queries)
