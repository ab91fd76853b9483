"""Kendall heatmap: how far two tasks rank the contenders alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.matrix import DIVERGING, matrix_figure
from nasbench_sparse.leaderboard.statistics.check import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def agreement_figure(tau: Floats, names: Sequence[str]) -> Figure:
    """Draw tau-b of every two columns, from -1 (orange) to 1 (blue)."""
    texts = [["" if np.isnan(value) else f"{value:.2f}" for value in row] for row in tau]
    return matrix_figure(tau, texts, names, names, DIVERGING, (-1.0, 1.0))
