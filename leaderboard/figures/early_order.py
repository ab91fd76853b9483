"""How early the order of configs is known: Kendall's tau-b of each epoch with the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.figures.panels import Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def early_order_figure(panel: Panel, looks: Mapping[str, Look]) -> Figure:
    """Draw one line for each task."""
    figure = line_panels([panel], looks, "share of the training", "tau-b with the final order")
    figure.axes[0].set_ylim(top=1.02)
    return figure
