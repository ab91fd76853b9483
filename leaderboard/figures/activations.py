"""Activations: what they compute, and their derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.figures.panels import Line, Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.statistics.check import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VALUE, SLOPE = "y", "dy/dx"


@dataclass(frozen=True, slots=True)
class Shape:
    """An activation's values and derivatives at x; all (points,)."""

    name: str
    x: Floats
    y: Floats
    slope: Floats


def activations_figure(shapes: Sequence[Shape]) -> Figure:
    """Draw one panel for each activation: its value and its derivative."""
    panels = [
        Panel(shape.name, (Line(VALUE, shape.x, shape.y), Line(SLOPE, shape.x, shape.slope))) for shape in shapes
    ]
    return line_panels(panels, looks((VALUE, SLOPE)), "x", "")
