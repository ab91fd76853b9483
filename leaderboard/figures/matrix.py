"""Matrices: cells coloured by value with their text, as vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.style import INK, short_names
from nasbench_sparse.leaderboard.statistics.check import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DIVERGING = ("#D55E00", "#f6f6f4", "#0072B2")
SEQUENTIAL = ("#f6f6f4", "#7db4d6", "#0072B2")
EMPTY = "#dcdcdc"
LETTERS = 32
"""Letters of a name that are written."""

DARK = 0.179
"""Luminance below which white has more contrast than black."""

SHORT = 3
"""Letters of a column's name that fit above it without turning."""


def matrix_figure(
    values: Floats,
    texts: Sequence[Sequence[str]],
    rows: Sequence[str],
    columns: Sequence[str],
    colours: Sequence[str],
    limits: tuple[float, float],
) -> Figure:
    """Return a figure of one matrix; a NaN cell is grey."""
    from matplotlib.figure import Figure

    beside, above = (min(LETTERS, max(map(len, names))) for names in (rows, columns))
    width = max(2.2, 0.55 * len(columns) + 0.075 * beside)
    figure = Figure(figsize=(width, 0.3 * len(rows) + 0.6 + 0.06 * above), layout="constrained")
    draw_matrix(figure.subplots(), values, texts, rows, columns, colours, limits)
    return figure


def draw_matrix(
    ax: Axes,
    values: Floats,
    texts: Sequence[Sequence[str]],
    rows: Sequence[str],
    columns: Sequence[str],
    colours: Sequence[str],
    limits: tuple[float, float],
) -> None:
    """Draw a matrix (rows, columns) on axes, first row on top."""
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    shades = LinearSegmentedColormap.from_list("report", list(colours)).with_extremes(bad=EMPTY)
    scale = Normalize(*limits)
    ax.pcolormesh(np.ma.masked_invalid(values), cmap=shades, norm=scale, edgecolors="#ffffff", linewidth=0.8)
    ax.invert_yaxis()
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, bottom=False, left=False)
    down, across = (list(map(short_names(names, LETTERS).__getitem__, names)) for names in (rows, columns))
    ax.set_yticks(np.arange(len(rows)) + 0.5, down)
    ax.set_xticks(np.arange(len(columns)) + 0.5, across, color=INK)
    if max(map(len, columns)) > SHORT:
        ax.tick_params(axis="x", labelrotation=40)
        for label in ax.get_xticklabels():
            label.set(horizontalalignment="right", rotation_mode="anchor")
    for i, line in enumerate(texts):
        for j, text in enumerate(line):
            if not text:
                continue
            shade = shades(scale(values[i, j])) if np.isfinite(values[i, j]) else (0.86, 0.86, 0.86, 1.0)
            ink = "#ffffff" if _luminance(shade) < DARK else "#000000"
            place = j + 0.5, i + 0.5
            ax.text(*place, text, ha="center", va="center", fontsize=7, color=ink, in_layout=False)


def _luminance(shade: Sequence[float]) -> float:
    """Return the relative luminance of red, green and blue in [0, 1]; what follows them is left out.

    References:
        W3C (2023), "Web Content Accessibility Guidelines 2.2", definition of relative luminance.
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shade[:3]]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))
