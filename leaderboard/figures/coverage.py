"""Coverage: finished runs of those planned, contender by task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.matrix import matrix_figure
from nasbench_sparse.leaderboard.statistics.coverage_matrix import Coverage

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def coverage_figure(coverage: Coverage) -> Figure:
    """Draw the share of runs that finished; blue is complete, orange has holes, grey was never run."""
    never = coverage.missing == coverage.planned
    share = np.where(never, np.nan, coverage.finished / np.maximum(coverage.planned, 1))
    texts = [
        [
            "never run" if never[i, j] else f"{coverage.finished[i, j]}/{coverage.planned[i, j]}"
            for j in range(len(coverage.tasks))
        ]
        for i in range(len(coverage.contenders))
    ]
    colours = ("#D55E00", "#f3c9a5", "#8fc1de")
    return matrix_figure(
        share.T, list(zip(*texts, strict=True)), coverage.tasks, coverage.contenders, colours, (0, 1)
    )
