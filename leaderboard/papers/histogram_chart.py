"""Histograms of weights as outlines, with a short bar at each centroid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.panels import Line, Panel, add_legend, legend_columns, line_panels
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.papers.histogram import Histogram
from nasbench_sparse.leaderboard.papers.rendered import Chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAR = 0.12
"""Height of a centroid's bar, as a share of the panel's."""


def histogram_chart(
    alt: str,
    panels: Mapping[str, Mapping[str, Histogram]],
    centroids: Mapping[str, Mapping[str, tuple[float, ...]]],
) -> Chart:
    """Return a chart of a panel for each title, with the histograms of its networks.

    Args:
        panels: by title, the histogram of each network.
        centroids: by title and network, where bars stand.
    """
    names = list(dict.fromkeys(name for shown in panels.values() for name in shown))
    drawn = [Panel(title, tuple(_outline(*one) for one in shown.items())) for title, shown in panels.items()]

    def make() -> Figure:
        figure = line_panels(drawn, looks(names), "weight", "share of weights", legend=False)
        visible = (ax for ax in figure.axes if ax.get_visible())
        for ax, title in zip(visible, panels, strict=False):
            ax.set_ylim(bottom=0.0)
            for name, places in centroids.get(title, {}).items():
                for place in places:
                    ax.axvline(place, 0.0, BAR, color=looks(names)[name].colour, linewidth=2.2)
        _explain(figure, names, any(centroids.values()))
        return figure

    return Chart("", alt, make)


def _outline(name: str, histogram: Histogram) -> Line:
    edges, shares = histogram.edges, histogram.shares
    return Line(name, np.append(edges[0], edges), np.concatenate([[0.0], shares, [0.0]]), stepped=True)


def _explain(figure: Figure, names: list[str], barred: bool) -> None:
    """Put the legend above the panels."""
    from matplotlib.lines import Line2D

    keys = [
        Line2D([], [], color=look.colour, linestyle=look.dash, label=name) for name, look in looks(names).items()
    ]
    if barred:
        colour = looks(names)[names[0]].colour if len(names) == 1 else "0.4"
        bar = Line2D([], [], color=colour, linestyle="none", marker="|", markersize=7.0, markeredgewidth=2.2)
        bar.set_label("centroids c₋ and c₊")
        keys.append(bar)
    labels = [str(key.get_label()) for key in keys]
    rows = -(-len(labels) // legend_columns(labels, figure.get_figwidth()))
    figure.set_figheight(figure.get_figheight() + 0.22 * rows)
    add_legend(figure, keys)
