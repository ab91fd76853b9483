"""Fronts, hypervolume and attainment: hand-computed areas, pymoo's number, and a plain double loop."""

import numpy as np
import pytest

from nasbench_sparse.leaderboard.statistics import StatisticsError, attained_loss, attainment, front, hypervolume

RNG = np.random.default_rng


def test_front_keeps_what_no_point_beats() -> None:
    x, y = RNG(0).integers(0, 8, 60) / 8, RNG(1).integers(0, 8, 60) / 8
    result = front(x, y)
    beaten = [
        any((a <= c and b <= d) and (a, b) != (c, d) for a, b in zip(x, y, strict=True))
        for c, d in zip(x, y, strict=True)
    ]
    assert {(x[i], y[i]) for i in result.positions} == {
        (a, b) for a, b, bad in zip(x, y, beaten, strict=True) if not bad
    }
    assert (np.diff(result.density) > 0).all()
    assert (np.diff(result.loss) < 0).all()


def test_front_leaves_out_incomplete_points() -> None:
    result = front([0.1, np.nan, 0.1], [0.5, 0.1, 0.5])
    assert (result.positions, result.n, result.dropped) == ((0,), 2, 1)
    assert result.sentence == "1 of n = 2 points are on the density-loss front, 1 incomplete left out."
    with pytest.raises(StatisticsError, match="none of 1 points"):
        front([np.nan], [1.0])


def test_hypervolume_by_hand() -> None:
    assert hypervolume([0.25], [0.5], (1.0, 1.0)).area == 0.375
    two = hypervolume([0.25, 0.5, 0.9], [0.5, 0.25, 0.95], (1.0, 1.0))
    assert two.area == 0.375 + 0.5 * 0.25
    assert two.share == two.area
    beyond = hypervolume([0.25, 1.0, 0.1], [0.5, 0.1, 2.0], (1.0, 1.0))
    assert (beyond.area, beyond.beyond) == (0.375, 2)
    assert hypervolume([2.0], [2.0], (1.0, 1.0)).area == 0.0


def test_hypervolume_agrees_with_pymoo() -> None:
    points = np.round(RNG(13).uniform(0, 1, (12, 2)), 3)
    result = hypervolume(points[:, 0], points[:, 1], (1.0, 0.9))
    assert result.area == pytest.approx(0.622842)  # pymoo 0.6.2, HV(ref_point=(1, 0.9))
    assert result.share == pytest.approx(0.622842 / 0.9)


def test_hypervolume_agrees_with_counting_cells() -> None:
    x, y = RNG(2).uniform(size=20), RNG(3).uniform(size=20)
    centers = (np.arange(500) + 0.5) / 500
    dominated = ((x[:, None, None] <= centers[:, None]) & (y[:, None, None] <= centers)).any(axis=0)
    assert hypervolume(x, y, (1.0, 1.0)).area == pytest.approx(dominated.mean(), abs=0.005)


def test_hypervolume_needs_an_ideal_below_the_reference() -> None:
    with pytest.raises(StatisticsError, match="must be below reference"):
        hypervolume([0.5], [0.5], (1.0, 0.0))


def test_attained_loss_is_the_lowest_at_no_more_than_the_density() -> None:
    assert attained_loss([0.1, 0.5, 0.3], [0.9, 0.2, 0.95], [0.05, 0.1, 0.4, 1.0]).tolist() == [
        np.inf,
        0.9,
        0.9,
        0.2,
    ]


def test_median_attainment_is_reached_by_half_of_the_runs() -> None:
    runs = [([0.1], [0.9]), ([0.1, 0.5], [0.8, 0.3]), ([0.5], [0.1]), ([], [])]
    result = attainment(runs, [0.1, 0.5])
    assert result.loss.tolist() == [0.9, 0.3]
    assert attainment(runs, [0.1, 0.5], share=0.9).loss.tolist() == [np.inf, np.inf]
    assert (result.runs, result.empty) == (4, 1)
    assert "at least 50 % of n = 4 runs, 1 of them without a point" in result.sentence


def test_attainment_refuses_no_runs() -> None:
    with pytest.raises(StatisticsError, match="0 runs given"):
        attainment([], [0.1])
    with pytest.raises(StatisticsError, match="strictly between"):
        attainment([([0.1], [0.1])], [0.1], share=1.0)
