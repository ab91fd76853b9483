"""Learning curves of final incumbents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.figures.panels import Panel, training_panels
from nasbench_sparse.leaderboard.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curves_figure(panels: Sequence[Panel], looks: Mapping[str, Look]) -> Figure:
    """Draw one panel for each task: mean validation accuracy over its unit of fidelity."""
    return training_panels(panels, looks, "validation accuracy")
