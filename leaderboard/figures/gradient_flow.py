"""Effective gradient flow over training.

References:
    Tessera et al. (2021), "Keep the gradients flowing", equation 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.panels import Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


DECADE = 10.0


def gradient_flow_figure(panels: Sequence[Panel], looks: Mapping[str, Look]) -> Figure:
    """Draw a panel for each task: gradient flow over units of fidelity, logarithmic where it spans a decade."""
    figure = line_panels(panels, looks, "units of fidelity", "effective gradient flow")
    for ax, panel in zip(figure.axes, panels, strict=False):
        flows = np.concatenate([line.y for line in panel.lines])
        flows = flows[np.isfinite(flows)]
        if len(flows) and 0 < DECADE * flows.min() <= flows.max():
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")  # text.parse_math is off
            ax.yaxis.set_minor_formatter(lambda value, _: "")
    return figure
