"""Line charts of artefacts, made of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.panels import Line, Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.papers.rendered import Chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Point = tuple[float, float]
Lines = Mapping[str, Sequence[Point]]
"""Points (x, y) of each named line, in any order."""


def line_chart(name: str, alt: str, panels: Mapping[str, Lines], x_label: str, y_label: str) -> Chart:
    """Return a chart of a panel for each title; a line of one name looks the same in all of them."""
    drawn = [
        Panel(title, tuple(_line(label, points) for label, points in lines.items() if points))
        for title, lines in panels.items()
    ]
    names = list(dict.fromkeys(line.name for panel in drawn for line in panel.lines))

    def make() -> Figure:
        return line_panels(drawn, looks(names), x_label, y_label)

    return Chart(name, alt, make)


def _line(name: str, points: Sequence[Point]) -> Line:
    x, y = (np.array(column) for column in zip(*sorted(points), strict=True))
    return Line(name, x, y, marked=True)
