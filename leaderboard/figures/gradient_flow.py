"""Effective gradient flow over training.

References:
    Tessera et al. (2021), "Keep the gradients flowing", equation 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.panels import Panel, training_panels
from nasbench_sparse.leaderboard.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DECADE = 10.0
MARGIN = 1.2


def gradient_flow_figure(panels: Sequence[Panel], looks: Mapping[str, Look]) -> Figure:
    """Draw a panel for each task: gradient flow over its unit of fidelity, logarithmic where it spans a decade."""
    return training_panels(list(map(_scaled, panels)), looks, "effective gradient flow")


def _scaled(panel: Panel) -> Panel:
    flows = np.concatenate([line.y for line in panel.lines])
    flows = flows[np.isfinite(flows)]
    if not len(flows) or flows.min() <= 0 or flows.max() < DECADE * flows.min():
        return panel
    return replace(panel, limits=(flows.min() / MARGIN, flows.max() * MARGIN), logarithmic=True)
