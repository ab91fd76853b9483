"""Performance profiles: the share of runs at or above each score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.figures.panels import Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def profile_figure(panel: Panel, looks: Mapping[str, Look]) -> Figure:
    """Draw all contenders together; up and to the right is better.

    References:
        Agarwal et al. (2021), figure 6.
    """
    figure = line_panels([panel], looks, "normalised score", "share of runs at or above it")
    figure.axes[0].set_ylim(-0.02, 1.02)
    return figure
