"""Density against accuracy: the front of the configs each contender trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.figures.panels import Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def trade_off_figure(panels: Sequence[Panel], looks: Mapping[str, Look]) -> Figure:
    """Draw one panel for each task or family; up and to the left is better."""
    return line_panels(panels, looks, "density (share of weights kept)", "validation accuracy")
