"""Line charts of artefacts, made of points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.panels import Line, Panel, add_legend, legend_columns, line_panels
from nasbench_sparse.leaderboard.figures.style import DASHES, INK, looks
from nasbench_sparse.leaderboard.papers.rendered import Chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Point = tuple[float, float]
Lines = Mapping[str, Sequence[Point]]
"""Points (x, y) of each named line, in any order."""


def line_chart(name: str, alt: str, panels: Mapping[str, Lines], x_label: str, y_label: str) -> Chart:
    """Return a chart of a panel for each title; a line of one name looks the same in all of them."""
    drawn = _panels(panels)
    names = list(dict.fromkeys(line.name for panel in drawn for line in panel.lines))

    def make() -> Figure:
        return line_panels(drawn, looks(names), x_label, y_label)

    return Chart(name, alt, make)


def whole_ticks(figure: Figure) -> Figure:
    """Put ticks at whole numbers of x, which counts something; return the figure."""
    from matplotlib.ticker import MaxNLocator

    for ax in figure.axes:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def kinds_chart(
    name: str, alt: str, panels: Mapping[str, Mapping[str, Lines]], x_label: str, y_label: str
) -> Chart:
    """Return a chart whose lines differ by colour in name and by dashes in kind; all panels have one scale.

    Args:
        panels: the lines of each kind by the panel's title; the first kind is drawn solid.
    """
    flat = {
        title: {f"{kind}/{line}": points for kind, lines in kinds.items() for line, points in lines.items()}
        for title, kinds in panels.items()
    }
    drawn = _panels(flat)
    kinds = list(dict.fromkeys(kind for each in panels.values() for kind in each))
    names = list(dict.fromkeys(line for each in panels.values() for lines in each.values() for line in lines))
    colours, dashes = looks(names), dict(zip(kinds, DASHES, strict=False))
    both = {f"{kind}/{n}": replace(colours[n], dash=dashes[kind]) for kind in kinds for n in names}

    def make() -> Figure:
        from matplotlib.lines import Line2D

        figure = line_panels(drawn, both, x_label, y_label, legend=False)
        shown = [ax for ax in figure.axes if ax.get_visible()]
        low, high = (choose(ax.get_ylim()[i] for ax in shown) for i, choose in ((0, min), (1, max)))
        for ax in shown:
            ax.set_ylim(low, high)
        keys = [Line2D([], [], color=colours[n].colour, marker=colours[n].marker, label=n, ms=3.5) for n in names]
        keys += [Line2D([], [], color=INK, linestyle=dashes[kind], label=kind) for kind in kinds]
        labels = [*names, *kinds]
        rows = math.ceil(len(labels) / legend_columns(labels, figure.get_figwidth()))
        figure.set_figheight(figure.get_figheight() + 0.22 * rows)
        add_legend(figure, keys)
        return figure

    return Chart(name, alt, make)


def _panels(panels: Mapping[str, Lines]) -> list[Panel]:
    return [
        Panel(title, tuple(_line(label, points) for label, points in lines.items() if points))
        for title, lines in panels.items()
    ]


def _line(name: str, points: Sequence[Point]) -> Line:
    x, y = (np.array(column) for column in zip(*sorted(points), strict=True))
    return Line(name, x, y, marked=True)
