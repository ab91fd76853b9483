"""Anytime curves: the mean incumbent over spending, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.figures.panels import Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOSS, REGRET = "incumbent's loss", "incumbent's regret"
LABELS = {"full evaluations": "full evaluations", "seconds": "seconds of training"}


def anytime_figure(panels: Sequence[Panel], looks: Mapping[str, Look], axis: str) -> Figure:
    """Draw one panel for each task; lower is better."""
    return line_panels(panels, looks, LABELS[axis], LOSS)
