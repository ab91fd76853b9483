"""Replicates: how far two trainings of the same configs order them alike, the ceiling for anything else."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.agreement import MOST_MATRICES, Agreement, agreements_figure
from nasbench_sparse.leaderboard.figures.drawing import draw
from nasbench_sparse.leaderboard.figures.order_curves import order_curves_figure
from nasbench_sparse.leaderboard.figures.panels import Line, Panel
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.report.blocks import Block, Picture, Remark
from nasbench_sparse.leaderboard.report.subject import Subject
from nasbench_sparse.leaderboard.statistics.agreement import agreement_matrix
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.statistics.kendall import kendall_tau

if TYPE_CHECKING:
    import polars as pl

FEWEST_CONFIGS = 4
MOST_REPLICATES = 8
HOW = "statistics.agreement_matrix and statistics.kendall_tau"


def replicate_blocks(subject: Subject) -> tuple[Block, ...]:
    """Return the matrix of each task's replicates and its mean over the training, or a sentence."""
    frame, queries = subject.read("order_by_replicate")
    tables: dict[str, tuple[tuple[str, ...], Floats]] = {}
    for (task,), part in frame.group_by("task", maintain_order=True):
        replicates, table = _table(part)
        if len(table) >= FEWEST_CONFIGS:
            tables[str(task)] = replicates, table
    if not tables:
        sentence = "No noise ceiling: no task has four configs trained on two replicates."
        return (Remark(sentences=(sentence,), queries=queries),)
    matrices, lines, ceilings = [], [], []
    for task, (names, table) in tables.items():
        found = agreement_matrix(table[:, :, -1], names, unit="configs")
        matrices.append(Agreement(task, found.tau, names, names))
        share = np.arange(1, table.shape[2] + 1) / table.shape[2]
        lines.append(Line(task, share, _mean_by_step(table)))
        if found.mean is not None:
            ceilings.append(f"{task} {found.mean:.2f} (n = {len(table)} configs)")
    note = (
        "Do two replicates (other initialisation, data order and random masks) order the configs' final losses "
        "alike? The mean over pairs is the noise ceiling of one replicate: another training of the same configs "
        f"agrees with it no better. Means: {', '.join(ceilings) or 'none'}."
    )
    ceiling = "Mean tau-b of the pairs of replicates, of the losses after each epoch."
    return (
        Picture(
            drawing=draw(
                "replicates", "Agreement of replicates", note, lambda: agreements_figure(matrices[:MOST_MATRICES])
            ),
            note=note,
            how=HOW,
            queries=queries,
        ),
        Picture(
            drawing=draw(
                "noise-ceiling",
                "Noise ceiling over the training",
                ceiling,
                lambda: order_curves_figure(
                    [Panel("", tuple(lines))], looks(list(tables)), "mean tau-b between replicates"
                ),
            ),
            note=ceiling,
            how=HOW,
            queries=queries,
        ),
    )


def _table(part: pl.DataFrame) -> tuple[tuple[str, ...], Floats]:
    """Return the replicates' names and the losses, (configs, replicates, steps), NaN where there is none."""
    configs, rows = np.unique(part["config_key"].to_numpy(), return_inverse=True)
    replicates, columns = np.unique(part["replicate"].to_numpy(), return_inverse=True)
    steps, places = np.unique(part["step"].to_numpy(), return_inverse=True)
    table = np.full((len(configs), len(replicates), len(steps)), np.nan)
    table[rows, columns, places] = part["loss"].to_numpy()
    return tuple(map(str, replicates[:MOST_REPLICATES])), table[:, :MOST_REPLICATES]


def _mean_by_step(table: Floats) -> Floats:
    """Return the mean tau-b over pairs of replicates at each step of (configs, replicates, steps); NaN for none."""
    means = np.full(table.shape[2], np.nan)
    for step in range(table.shape[2]):
        taus = [
            kendall_tau(table[:, i, step], table[:, j, step], unit="configs").tau
            for i, j in combinations(range(table.shape[1]), 2)
        ]
        defined = [tau for tau in taus if tau is not None]
        if defined:
            means[step] = sum(defined) / len(defined)
    return means
