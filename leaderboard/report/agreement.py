"""Section: what orders alike; tasks the contenders, epochs, replicates and measures the configs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.agreement import (
    MOST_MATRICES,
    Agreement,
    agreement_figure,
    agreements_figure,
)
from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.order_curves import order_curves_figure
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.report.blocks import MINUS, Block, Picture, Queries, Remark, Section
from nasbench_sparse.leaderboard.report.measures import measure_blocks
from nasbench_sparse.leaderboard.report.replicates import replicate_blocks
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.agreement import agreement_curve, agreement_matrix
from nasbench_sparse.leaderboard.statistics.check import Floats

if TYPE_CHECKING:
    import polars as pl

FEWEST_CONFIGS = 4
MOST_EPOCHS = 8
LEAD = f"Kendall's tau-b: 1 where two orders are the same, 0 where unrelated, {MINUS}1 where one is reversed."


def agreement_section(subject: Subject) -> Section:
    """Return the agreement of tasks, of fidelities, of replicates, and of measures with the final performance."""
    blocks = (_tasks(subject), *_fidelities(subject), *replicate_blocks(subject), *measure_blocks(subject))
    return Section("agreement", "Agreement of orders", LEAD, blocks)


def _tasks(subject: Subject) -> Block:
    """Draw how far tasks rank the contenders alike."""
    evidence = subject.evidence
    if len(evidence.tasks) < 2 or len(evidence.names) < 2:
        sentence = "No agreement of the tasks' rankings: that needs two tasks and two contenders."
        return Remark(sentences=(sentence,), queries=subject.base_queries)
    table = np.column_stack(list(evidence.columns().values())).T
    matrix = agreement_matrix(table, evidence.tasks, unit="contenders")
    if matrix.mean is None:
        sentence = "No agreement of the tasks' rankings: no two contenders completed the same two tasks."
        return Remark(sentences=(sentence,), how="statistics.agreement_matrix", queries=subject.base_queries)
    note = f"Do two tasks rank the contenders alike? {matrix.sentence}"
    drawing = draw(
        "agreement",
        "Agreement of the tasks' rankings",
        note,
        lambda: agreement_figure(Agreement("", matrix.tau, evidence.tasks, evidence.tasks)),
    )
    return Picture(drawing=drawing, note=note, how="statistics.agreement_matrix", queries=subject.base_queries)


def _fidelities(subject: Subject) -> tuple[Block, ...]:
    """Draw how early the order of configs is known: epochs with each other, and each with the last."""
    frame, queries = subject.read("order_by_epoch")
    curves = list(curves_by_task(frame))
    if not curves:
        sentence = "No agreement of epochs: no task has four configs trained for several epochs."
        return (Remark(sentences=(sentence,), queries=queries),)
    return _early_order(curves, queries), _epochs(curves, queries)


def curves_by_task(frame: pl.DataFrame) -> Iterator[tuple[str, Floats]]:
    """Yield each task's losses, (configs, epochs), where it has enough configs and epochs."""
    for (task,), part in frame.group_by("task", maintain_order=True):
        wide = part.pivot(on="step", index="config_key", values="loss")
        curves = wide.drop("config_key").to_numpy().astype(float)
        if len(curves) >= FEWEST_CONFIGS and curves.shape[1] > 1:
            yield str(task), curves


def _early_order(curves: list[tuple[str, Floats]], queries: Queries) -> Picture:
    lines, sentences = [], []
    for task, losses in curves:
        found = agreement_curve(losses, unit="configs")
        share = np.arange(1, losses.shape[1] + 1) / losses.shape[1]
        lines.append(Line(task, share, found.tau, found.low, found.high))
        first = found.first_reaching(0.8)
        if first is not None:
            sentences.append(f"{task} from {100 * share[first]:.0f} %")
    known = f" tau-b stays at 0.8 or above: {', '.join(sentences)} of the training." if sentences else ""
    note = (
        "How early is the order of configs known? The losses after each epoch with the final ones, with 95 % "
        f"jackknife intervals.{known}"
    )
    drawing = draw(
        "early-order",
        "How early the order is known",
        note,
        lambda: order_curves_figure([Panel("", tuple(lines))], looks([line.name for line in lines])),
    )
    return Picture(drawing=drawing, note=note, how="statistics.agreement_curve", queries=queries)


def _epochs(curves: list[tuple[str, Floats]], queries: Queries) -> Picture:
    found = []
    for task, losses in curves[:MOST_MATRICES]:
        steps = np.unique(np.geomspace(1, losses.shape[1], MOST_EPOCHS).round().astype(int))
        names = tuple(map(str, steps))
        matrix = agreement_matrix(losses[:, steps - 1], names, unit="configs")
        found.append(Agreement(task, matrix.tau, names, names))
    left_out = (
        f" The first {MOST_MATRICES} of {len(curves)} tasks are drawn." if len(curves) > MOST_MATRICES else ""
    )
    note = f"Do two lengths of training, in units of fidelity, order the configs alike?{left_out}"
    drawing = draw("epochs", "Agreement of fidelities", note, lambda: agreements_figure(found))
    return Picture(drawing=drawing, note=note, how="statistics.agreement_matrix", queries=queries)
