"""Empirical distribution of the time to reach targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.figures.panels import Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def time_to_target_figure(panels: Sequence[Panel], looks: Mapping[str, Look]) -> Figure:
    """Draw the share of (run, target) pairs reached over spending, one panel for each axis; higher is better."""
    figure = line_panels(panels, looks, "share of the budget", "targets reached")
    for ax in figure.axes:
        ax.set_ylim(-0.02, 1.02)
    return figure
