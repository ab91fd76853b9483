"""Kendall heatmaps: how far columns order the same items alike, one matrix or several side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.matrix import DIVERGING, draw_matrix, matrix_figure
from nasbench_sparse.leaderboard.figures.style import short_names
from nasbench_sparse.leaderboard.statistics.check import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 2
MOST_MATRICES = 8


@dataclass(frozen=True, slots=True)
class Agreement:
    """Tau-b of rows with columns, (rows, columns), NaN where there is none."""

    title: str
    tau: Floats
    rows: tuple[str, ...]
    columns: tuple[str, ...]


def agreement_figure(agreement: Agreement) -> Figure:
    """Draw tau-b from -1 (orange) to 1 (blue)."""
    tau = agreement.tau
    return matrix_figure(tau, _texts(tau), agreement.rows, agreement.columns, DIVERGING, (-1.0, 1.0))


def agreements_figure(agreements: Sequence[Agreement]) -> Figure:
    """Draw several matrices; beyond `MOST_MATRICES` the rest is left out."""
    from matplotlib.figure import Figure

    shown = agreements[:MOST_MATRICES]
    columns = min(COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    tallest = max(len(agreement.rows) for agreement in shown)
    figure = Figure(figsize=(3.7 * columns, (0.27 * tallest + 0.95) * rows), layout="constrained")
    axes = [ax for line in figure.subplots(rows, columns, squeeze=False) for ax in line]
    for ax in axes[len(shown) :]:
        ax.set_visible(False)
    titles = short_names(agreement.title for agreement in shown)
    for ax, agreement in zip(axes, shown, strict=False):
        texts = _texts(agreement.tau)
        draw_matrix(ax, agreement.tau, texts, agreement.rows, agreement.columns, DIVERGING, (-1.0, 1.0))
        ax.set_title(titles[agreement.title])
    return figure


def _texts(tau: Floats) -> list[list[str]]:
    return [
        ["" if np.isnan(value) else f"{value:.2f}".replace("-", "\N{MINUS SIGN}") for value in row] for row in tau
    ]
