"""Critical difference diagram: average ranks on a line, bars over contenders that do not differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nasbench_sparse.leaderboard.figures.style import INK, RULE, Look, short_names
from nasbench_sparse.leaderboard.statistics.rank_diagram import CriticalDifference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def rank_diagram_figure(diagram: CriticalDifference, looks: Mapping[str, Look]) -> Figure:
    """Draw the diagram: best on the left.

    References:
        Demsar (2006), figure 1.
    """
    from matplotlib.figure import Figure

    count = len(diagram.names)
    rows = math.ceil(count / 2)
    depth = 0.6 + 0.3 * len(diagram.groups)
    labels = short_names(diagram.names, 24)
    beside = 0.075 * (max(map(len, labels.values())) + 6)
    height = 0.24 * rows + 0.18 * len(diagram.groups) + 0.6
    figure = Figure(figsize=(3.3 + 2 * beside, height), layout="constrained")
    ax = figure.subplots()
    ax.set_axis_off()
    ax.set_xlim(1, max(count, 2))
    ax.set_ylim(-(depth + 0.55 * rows), 1.0)
    _scale(ax, count)
    for place, (name, rank) in enumerate(zip(diagram.names, diagram.average_ranks, strict=True)):
        left = place < rows
        y = -(depth + 0.55 * (place if left else count - 1 - place))
        _leader(ax, labels[name], rank, y, looks[name].colour, left=left)
    for place, group in enumerate(diagram.groups):
        ends = [diagram.average_ranks[diagram.names.index(name)] for name in (group[0], group[-1])]
        ax.plot([ends[0] - 0.04, ends[1] + 0.04], [-0.35 - 0.3 * place] * 2, color=INK, linewidth=3, clip_on=False)
    return figure


def _scale(ax: Axes, count: int) -> None:
    ax.plot([1, max(count, 2)], [0, 0], color=INK, linewidth=1)
    for rank in range(1, count + 1):
        ax.plot([rank, rank], [0, 0.18], color=INK, linewidth=1)
        ax.text(rank, 0.3, str(rank), ha="center", va="bottom", color=INK)


def _leader(ax: Axes, name: str, rank: float, y: float, colour: str, *, left: bool) -> None:
    """Lead from a rank down and out to the contender's name."""
    from matplotlib.transforms import blended_transform_factory

    edge = ax.get_xlim()[0 if left else 1]
    ax.plot([rank, rank, edge], [0, y, y], color=RULE, linewidth=0.9, zorder=0)
    ax.plot([rank], [0], marker="o", color=colour, markersize=5, clip_on=False)
    words = f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}"
    where = blended_transform_factory(ax.transAxes, ax.transData)
    ax.text(
        -0.02 if left else 1.02, y, words, ha="right" if left else "left", va="center", transform=where, color=INK
    )
