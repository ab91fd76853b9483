"""Win matrix: on how many units the contender of the row has the lower loss than that of the column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.figures.matrix import DIVERGING, matrix_figure
from nasbench_sparse.leaderboard.statistics.check import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def win_matrix_figure(share: Floats, texts: Sequence[Sequence[str]], names: Sequence[str]) -> Figure:
    """Draw shares of wins, (k, k), NaN where two have nothing in common; blue: the row wins more."""
    return matrix_figure(share, texts, names, names, DIVERGING, (0.0, 1.0))
