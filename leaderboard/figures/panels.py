"""Panels: small multiples of lines with bands, one panel per task, one legend for all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.style import INK, Look, short_names
from nasbench_sparse.leaderboard.statistics.check import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

COLUMNS = 3
MOST_PANELS = 24
LONGEST_KEY = 36
LONGEST_TITLE, WHOLE_TITLE = 34, 28
"""Letters of a panel's title, and how many of them fit above it in full size; one with more is smaller."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line, perhaps with a band; x, y, low, high: (points,), NaN where there is nothing."""

    name: str
    x: Floats
    y: Floats
    low: Floats | None = None
    high: Floats | None = None
    stepped: bool = False
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled set of lines.

    Args:
        limits: of the y axis; by default all that is drawn.
        logarithmic: whether the y axis is, for which it needs limits above 0.
        x_label, y_label: of this panel alone, where the panels of a figure do not show the same.
    """

    title: str
    lines: tuple[Line, ...]
    limits: tuple[float, float] | None = None
    logarithmic: bool = False
    x_label: str = ""
    y_label: str = ""


def line_panels(
    panels: Sequence[Panel], looks: Mapping[str, Look], x_label: str, y_label: str, *, legend: bool = True
) -> Figure:
    """Draw panels side by side; beyond `MOST_PANELS` the rest is left out."""
    shown = panels[:MOST_PANELS]
    drawn = [line for panel in shown for line in panel.lines if np.isfinite(line.y).any()]
    names = [name for name in looks if any(line.name == name for line in drawn)]
    legend_rows = math.ceil(len(names) / legend_columns(names, grid_width(len(shown)))) if legend and names else 0
    figure, axes = panel_grid(len(shown), legend_rows=legend_rows)
    titles = short_names((panel.title for panel in shown), LONGEST_TITLE)
    for place, (ax, panel) in enumerate(zip(axes, shown, strict=True)):
        for line in panel.lines:
            _line(ax, line, looks[line.name])
        if len(shown) > 1 or panel.title:
            write_title(ax, titles[panel.title], WHOLE_TITLE if len(shown) > 1 else LONGEST_TITLE)
        if place % COLUMNS == 0 or panel.y_label != shown[place - 1].y_label:
            ax.set_ylabel(panel.y_label or y_label)
        if panel.limits is not None:
            ax.set_yscale("log" if panel.logarithmic else "linear")
            ax.set_ylim(*panel.limits)
            if panel.logarithmic:
                _number_decades(ax, panel.limits)
        if place + COLUMNS >= len(shown) or panel.x_label != shown[place + COLUMNS].x_label:
            ax.set_xlabel(panel.x_label or x_label)
    if legend:
        keys = short_names(names, LONGEST_KEY)
        add_legend(
            figure,
            [
                _key([line for line in drawn if line.name == name], looks[name], label)
                for name, label in keys.items()
            ],
        )
    return figure


def training_panels(panels: Sequence[Panel], looks: Mapping[str, Look], y_label: str) -> Figure:
    """Draw panels over a training, in whole units of fidelity, which each panel names."""
    figure = line_panels(panels, looks, "", y_label)
    for ax in figure.axes:
        ax.locator_params(axis="x", integer=True)
    return figure


def panel_grid(count: int, *, legend_rows: int, height: float = 1.9) -> tuple[Figure, list[Axes]]:
    """Return a figure with axes for each of `count` panels, and room above them for a legend."""
    from matplotlib.figure import Figure

    columns = min(COLUMNS, count)
    rows = math.ceil(count / columns)
    tall = height if columns > 1 else 2.6
    figure = Figure(figsize=(grid_width(count), tall * rows + 0.22 * legend_rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    flat = [ax for row in axes for ax in row]
    for ax in flat[count:]:
        ax.set_visible(False)
    return figure, flat[:count]


def write_title(ax: Axes, title: str, whole: int) -> None:
    """Write a panel's title, smaller if it has more letters than fit above the panel."""
    size = float(ax.title.get_fontsize())
    ax.set_title(title, fontsize=size * min(1.0, whole / max(1, len(title))))


def _number_decades(ax: Axes, limits: tuple[float, float]) -> None:
    """Put plain numbers on a logarithmic y axis, also between the powers of ten where it spans few."""
    from matplotlib.ticker import LogLocator

    low, high = limits
    digits = (1,) if high > 100 * low else (1, 2, 5) if high > 4 * low else range(1, 10)
    ax.yaxis.set_major_locator(LogLocator(subs=digits))
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")  # text.parse_math is off
    ax.yaxis.set_minor_formatter(lambda value, _: "")


def grid_width(count: int) -> float:
    """Return the width of a figure of so many panels, in inches."""
    return 7.4 if count > 1 else 4.6


def legend_columns(names: Sequence[str], width: float) -> int:
    """Return how many names fit side by side above a figure, each with its key; rows are then filled evenly."""
    longest = min(LONGEST_KEY, max(map(len, names)))
    most = max(1, min(6, int(width / (0.5 + 0.065 * longest))))
    return math.ceil(len(names) / math.ceil(len(names) / most))


def add_legend(figure: Figure, keys: Sequence[Line2D]) -> None:
    """Put one legend above all panels."""
    if not keys:
        return
    columns = legend_columns([str(key.get_label()) for key in keys], figure.get_figwidth())
    figure.legend(handles=keys, loc="outside upper center", ncols=columns, labelcolor=INK)


def _key(lines: Sequence[Line], look: Look, label: str) -> Line2D:
    """Return the legend's key of a contender: a line, its marker where it is drawn, or the marker alone."""
    from matplotlib.lines import Line2D

    return Line2D(
        [],
        [],
        color=look.colour,
        linestyle="none" if all(map(_alone, lines)) else look.dash,
        marker=look.marker if any(line.marked or _alone(line) for line in lines) else None,
        markersize=3.5,
        label=label,
    )


def _alone(line: Line) -> bool:
    """Whether there is one point only, which no line would show."""
    return int(np.isfinite(line.y).sum()) == 1


def _line(ax: Axes, line: Line, look: Look) -> None:
    line = _without_repeats(line) if line.stepped and not line.marked else line
    style = "steps-post" if line.stepped else "default"
    ax.plot(
        line.x,
        line.y,
        color=look.colour,
        linestyle=look.dash,
        drawstyle=style,
        marker=look.marker if line.marked or _alone(line) else None,
        markersize=3.5,
    )
    if line.low is not None and line.high is not None:
        step = "post" if line.stepped else None
        ax.fill_between(
            line.x,
            line.low,
            line.high,
            color=look.colour,
            alpha=0.13,
            linewidth=0,
            step=step,  # type: ignore[arg-type]
        )


def _without_repeats(line: Line) -> Line:
    """Drop the points of a stepped line where neither it nor its band changes, but for the first and the last."""
    curves = [curve for curve in (line.y, line.low, line.high) if curve is not None]
    table = np.nan_to_num(np.stack(curves), nan=np.inf)
    kept = np.append(True, (table[:, 1:] != table[:, :-1]).any(axis=0))
    kept[-1:] = True
    low, high = (None if curve is None else curve[kept] for curve in (line.low, line.high))
    return replace(line, x=line.x[kept], y=line.y[kept], low=low, high=high)
