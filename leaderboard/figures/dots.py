"""Dots: one value with an interval for each contender, one panel for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.panels import COLUMNS, MOST_PANELS, panel_grid, write_title
from nasbench_sparse.leaderboard.figures.style import INK, Look, short_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure


LONGEST_TITLE, WHOLE_TITLE = 30, 24
"""As of panels of lines, which are wider."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A contender's value; low and high are NaN without an interval."""

    name: str
    value: float
    low: float
    high: float


def dots_figure(panels: Mapping[str, Sequence[Dot]], looks: Mapping[str, Look], label: str) -> Figure:
    """Draw contenders down, values across; beyond `MOST_PANELS` the rest is left out."""
    shown = dict(list(panels.items())[:MOST_PANELS])
    names = [name for name in looks if any(dot.name == name for dots in shown.values() for dot in dots)]
    figure, axes = panel_grid(len(shown), legend_rows=0, height=0.19 * len(names) + 0.75)
    titles, labels = short_names(shown, LONGEST_TITLE), short_names(names, 24)
    for place, (ax, (title, dots)) in enumerate(zip(axes, shown.items(), strict=True)):
        for dot in dots:
            y, look = names.index(dot.name), looks[dot.name]
            if np.isfinite(dot.low):
                ax.plot([dot.low, dot.high], [y, y], color=look.colour, linewidth=1.6)
            ax.plot([dot.value], [y], marker=look.marker, markersize=4.5, color=look.colour, linestyle="none")
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_yticks(range(len(names)), list(labels.values()) if place % COLUMNS == 0 else [])
        ax.tick_params(axis="y", labelcolor=INK, length=0)
        write_title(ax, titles[title], WHOLE_TITLE)
        if place + COLUMNS >= len(shown):
            ax.set_xlabel(label)
    return figure
