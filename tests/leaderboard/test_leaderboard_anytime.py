"""Incumbents: regret on a logarithmic axis where the optimum is exact, else losses without the first trials'."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench_sparse.leaderboard.figures.anytime import LOSS, REGRET, anytime_figure
from nasbench_sparse.leaderboard.figures.panels import Line
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.report.anytime import FIRST, POINTS, panel_of

GRID = np.arange(float(POINTS))


def falling(name: str, losses: list[float], *, band: float = 0.0) -> Line:
    """A line of these losses, the last of them to the end."""
    y = np.array(losses + [losses[-1]] * (POINTS - len(losses)))
    return Line(name, GRID, y, y - band, y + band) if band else Line(name, GRID, y)


def test_panel_with_an_exact_optimum_shows_regret_on_a_logarithmic_axis() -> None:
    panel = panel_of("t", (falling("a", [np.nan, 0.5, 0.3], band=0.1), falling("b", [0.9, 0.2])), 0.1)
    assert (panel.logarithmic, panel.y_label) == (True, REGRET)
    assert panel.limits == pytest.approx((0.1 / 2, 0.8 * 1.5))  # the interval of the other ends below
    np.testing.assert_allclose(panel.lines[0].y[:4], (np.nan, 0.4, 0.2, 0.2))
    low, high = panel.lines[0].low, panel.lines[0].high
    assert low is not None
    assert high is not None
    np.testing.assert_allclose((low[1], high[1]), (0.3, 0.5))


def test_line_that_reaches_the_optimum_meets_the_foot_of_the_axis() -> None:
    panel = panel_of("t", (falling("a", [0.5, 0.3, 0.1], band=0.3),), 0.1)
    assert panel.limits is not None
    foot = panel.limits[0]
    assert foot == pytest.approx(0.1)  # half of the least regret above 0, 0.2
    np.testing.assert_allclose(panel.lines[0].y[:3], (0.4, 0.2, foot))
    low = panel.lines[0].low
    assert low is not None
    np.testing.assert_allclose(low[1:3], foot)


def test_mean_at_the_optimum_has_no_regret_though_rounding_leaves_some() -> None:
    mean = float(np.mean([0.1, 0.1, 0.1]))
    assert mean != 0.1
    panel = panel_of("t", (falling("a", [0.5, 0.3, mean]),), 0.1)
    assert panel.limits == pytest.approx((0.1, 0.6))


def test_intervals_lie_within_the_limits() -> None:
    losses = panel_of("t", (falling("a", [2.0, 1.0], band=0.5), falling("b", [1.2], band=0.1)), None)
    assert losses.limits == pytest.approx((0.5 - 0.05, 1.5 + 0.05))
    regrets = panel_of("t", (falling("a", [2.0, 1.0], band=0.5),), 0.5)
    assert regrets.limits == pytest.approx((0.25, 2.0 * 1.5))


def test_panel_of_contenders_that_start_at_the_optimum_shows_losses() -> None:
    panel = panel_of("t", (falling("a", [0.1]),), 0.1)
    assert (panel.logarithmic, panel.y_label, panel.limits) == (False, LOSS, None)
    assert panel.lines[0].y[0] == 0.1


def test_panel_without_an_optimum_cuts_what_is_above_the_losses_after_a_tenth_of_the_budget() -> None:
    early = [9.0] * FIRST
    panel = panel_of("t", (falling("a", [*early, 2.0, 1.5]), falling("b", [*early, 1.2, 1.0])), None)
    assert (panel.logarithmic, panel.y_label) == (False, LOSS)
    assert panel.limits == pytest.approx((1.0 - 0.05, 2.0 + 0.05))  # a twentieth of 2 - 1 is free
    assert panel.lines[0].y[0] == 9.0


def test_figure_labels_regret_and_loss_where_both_stand_side_by_side() -> None:
    losses = panel_of("l", (falling("a", [3.0, 2.0, 1.0]),), None)
    regrets = panel_of("r", (falling("a", [3.0, 2.0, 1.0]),), 0.9)
    figure = anytime_figure([losses, regrets, regrets, losses], looks(["a"]), "seconds")
    axes = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_ylabel() for ax in axes] == [LOSS, REGRET, "", LOSS]
    assert [ax.get_yscale() for ax in axes] == ["linear", "log", "log", "linear"]
    figure.draw_without_rendering()
    low, high = axes[1].get_ylim()
    inside = [label.get_text() for label in axes[1].get_yticklabels() if low <= label.get_position()[1] <= high]
    assert inside == ["0.05", "0.1", "0.2", "0.5", "1", "2"]
