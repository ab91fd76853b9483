"""Empirical distribution of the time to reach targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.figures.panels import Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def time_to_target_figure(panel: Panel, looks: Mapping[str, Look]) -> Figure:
    """Draw the share of (run, target) pairs reached over spending, all tasks together; higher is better."""
    figure = line_panels([panel], looks, "share of the budget", "targets reached")
    figure.axes[0].set_ylim(-0.02, 1.02)
    return figure
