"""Kendall's tau-b along the training: how early an order is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.figures.panels import Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def order_curves_figure(
    panels: Sequence[Panel], looks: Mapping[str, Look], label: str = "tau-b with the final order"
) -> Figure:
    """Draw tau-b over the share of the training, one line for each task or measure."""
    figure = line_panels(panels, looks, "share of the training", label)
    for ax in figure.axes:
        ax.set_ylim(min(0.0, ax.get_ylim()[0]) - 0.02, 1.02)
    return figure
