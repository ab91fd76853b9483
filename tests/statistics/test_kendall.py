"""Kendall's tau-b against scipy, closed forms and simulation."""

from itertools import combinations, permutations
from math import asin, factorial, pi

import numpy as np
import pytest

from nasbench_sparse.leaderboard.statistics import (
    StatisticsError,
    agreement_curve,
    agreement_matrix,
    kendall_tau,
)

RNG = np.random.default_rng


@pytest.mark.parametrize("n", [5, 12, 60])
def test_tau_and_exact_p_agree_with_scipy(n: int) -> None:
    from scipy.stats import kendalltau

    x = RNG(n).normal(size=n)
    y = x + RNG(n + 1).normal(size=n)
    ours, theirs = kendall_tau(x, y), kendalltau(x, y, method="exact")
    assert ours.tau == pytest.approx(theirs.statistic)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert ours.exact


@pytest.mark.parametrize("seed", range(4))
def test_tau_b_and_p_with_ties_agree_with_scipy(seed: int) -> None:
    from scipy.stats import kendalltau

    x, y = RNG(seed).integers(0, 5, 30), RNG(seed + 9).integers(0, 7, 30)
    ours, theirs = kendall_tau(x, y), kendalltau(x, y, method="asymptotic")
    assert ours.tau == pytest.approx(theirs.statistic)
    assert ours.p_value == pytest.approx(theirs.pvalue)
    assert not ours.exact
    assert ours.tied_first == sum(int(c * (c - 1) // 2) for c in np.bincount(x))


def test_large_table_agrees_with_scipy() -> None:
    from scipy.stats import kendalltau

    x = RNG(1).normal(size=3000)
    y = x + 2 * RNG(2).normal(size=3000)
    assert kendall_tau(x, y).tau == pytest.approx(kendalltau(x, y).statistic)


def test_p_of_perfect_order_counts_two_of_all_orders() -> None:
    result = kendall_tau(np.arange(7), np.arange(7))
    assert result.tau == 1.0
    assert result.p_value == pytest.approx(2 / factorial(7))
    assert result.interval is None
    assert kendall_tau(np.arange(7), -np.arange(7)).tau == -1.0


def test_jackknife_error_equals_leaving_items_out_one_by_one() -> None:
    from math import atanh, sqrt, tanh

    from scipy.stats import kendalltau

    x, y = RNG(3).integers(0, 6, 15), RNG(4).integers(0, 6, 15)
    left = [kendalltau(np.delete(x, i), np.delete(y, i)).statistic for i in range(15)]
    tau = kendalltau(x, y).statistic
    error = sqrt(14 / 15 * np.sum((left - np.mean(left)) ** 2)) / (1 - tau**2)
    interval = kendall_tau(x, y).interval
    assert interval is not None
    assert interval.low == pytest.approx(tanh(atanh(tau) - 1.959964 * error), rel=1e-6)
    assert interval.high == pytest.approx(tanh(atanh(tau) + 1.959964 * error), rel=1e-6)


@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_interval_covers_tau_of_the_binormal(rho: float) -> None:
    rng = RNG(5)
    truth = 2 / pi * asin(rho)
    covered = 0
    for _ in range(2000):
        x = rng.normal(size=30)
        interval = kendall_tau(x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=30)).interval
        assert interval is not None
        covered += interval.low <= truth <= interval.high
    assert abs(covered / 2000 - 0.95) < 0.0146 + 0.01  # three sigma, and up to one point for n = 30


def test_false_positives_stay_at_the_level_over_2000_null_studies() -> None:
    rng = RNG(6)
    exact = tied = 0
    for _ in range(2000):
        p = kendall_tau(rng.normal(size=10), rng.normal(size=10)).p_value
        q = kendall_tau(rng.integers(0, 5, 20), rng.integers(0, 5, 20)).p_value
        exact, tied = exact + (p is not None and p <= 0.05), tied + (q is not None and q <= 0.05)
    assert 0.03 < exact / 2000 < 0.065
    assert abs(tied / 2000 - 0.05) < 0.0146 + 0.005  # three sigma, and the approximation's own error


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((1, 1, 1, 1, 2), (1, 1, 1, 1, 2)),
        ((1, 1, 2, 2, 3), (1, 2, 2, 3, 3)),
        ((1, 2, 3, 4), (1, 1, 1, 2)),
        ((1, 1, 2, 2), (2, 2, 1, 1)),
    ],
)
def test_tied_p_and_its_minimum_count_every_order(x: tuple[int, ...], y: tuple[int, ...]) -> None:
    def score(order: tuple[int, ...]) -> int:
        return abs(
            sum(int(np.sign(x[i] - x[j]) * np.sign(order[i] - order[j])) for i, j in combinations(range(len(x)), 2))
        )

    scores = [score(order) for order in permutations(y)]
    result = kendall_tau(x, y, level=0.9)
    assert result.exact
    assert result.p_value == pytest.approx(np.mean([s >= score(y) for s in scores]))
    assert result.smallest_p_value == pytest.approx(np.mean([s == max(scores) for s in scores]))


def test_ties_that_cannot_reach_the_level_are_too_few() -> None:
    tied = kendall_tau([1, 1, 1, 1, 2], [1, 1, 1, 1, 2])
    assert tied.smallest_p_value == pytest.approx(0.2)  # the odd item of one meets that of the other
    assert (tied.tau, tied.p_value) == (1.0, None)
    many = kendall_tau([0] * 15 + [1], [0] * 15 + [1])
    assert (many.smallest_p_value, many.p_value) == (pytest.approx(1 / 16), None)


def test_matrix_calls_too_few_what_holm_cannot_decide() -> None:
    order = np.arange(5.0)  # 2 / 5! of each of three tests is 0.05 after Holm, of six tests 0.1
    three = agreement_matrix(np.column_stack([order] * 3), ["a", "b", "c"])
    assert three.adjusted[0, 1] == pytest.approx(0.05)
    four = agreement_matrix(np.column_stack([order] * 4), ["a", "b", "c", "d"])
    assert np.isnan(four.adjusted).all()


def test_interval_is_none_where_the_jackknife_says_nothing() -> None:
    assert kendall_tau([1, 2, 3, 4], [2, 4, 1, 3]).interval is None  # four items
    # of five items, every tau without one is alike
    ends = [kendall_tau(range(5), order).interval for order in permutations(range(5))]
    widths = [end.high - end.low for end in ends if end is not None]
    assert len(widths) > 50
    assert min(widths) > 0.01


def test_four_items_are_too_few_and_five_are_not() -> None:
    four, five = kendall_tau(np.arange(4), np.arange(4)), kendall_tau(np.arange(5), np.arange(5))
    assert four.p_value is None
    assert "p: too few" in four.sentence
    assert five.p_value == pytest.approx(2 / 120)


@pytest.mark.parametrize(
    ("x", "y", "n"),
    [([1.0, 1, 1], [1.0, 2, 3], 3), ([1.0], [2.0], 1), ([np.nan, 1], [1, np.nan], 0)],
)
def test_constant_single_or_missing_columns_have_no_tau(x: list[float], y: list[float], n: int) -> None:
    result = kendall_tau(x, y)
    assert (result.tau, result.p_value, result.interval, result.n) == (None, None, None, n)
    assert "not defined" in result.sentence


def test_missing_items_are_left_out_and_counted() -> None:
    x = np.array([1.0, 2, np.nan, 4, 5, 6])
    result = kendall_tau(x, np.arange(6))
    assert (result.tau, result.n, result.dropped) == (1.0, 5, 1)
    with pytest.raises(StatisticsError, match="must be equal"):
        kendall_tau([1.0, 2.0], [1.0])
    with pytest.raises(StatisticsError, match="empty"):
        kendall_tau([], [])


def test_matrix_holds_every_pair_and_corrects_them() -> None:
    x = RNG(7).normal(size=20)
    table = np.column_stack([x, x + 0.1 * RNG(8).normal(size=20), RNG(9).normal(size=20), np.ones(20)])
    result = agreement_matrix(table, ["epoch 1", "epoch 5", "noise", "constant"], unit="configs")
    single = kendall_tau(table[:, 0], table[:, 1])
    assert result.tau[0, 1] == result.tau[1, 0] == single.tau
    assert single.p_value is not None
    assert result.adjusted[0, 1] == pytest.approx(3 * single.p_value, abs=0)  # the constant column has no test
    assert np.isnan(result.tau[3]).all()
    assert result.tau[0, 0] == 1
    defined = result.tau[np.triu_indices(4, 1)]
    assert result.mean == pytest.approx(np.nanmean(defined))
    assert "6 pairs of columns over n = 20 configs, 3 not defined" in result.sentence
    with pytest.raises(StatisticsError, match="each with a name"):
        agreement_matrix(table, ["a"])


def test_curve_rises_to_one_at_the_last_epoch() -> None:
    final = RNG(10).normal(size=40)
    noise = RNG(11).normal(size=(40, 6)) * np.array([4.0, 2.0, 1.0, 0.3, 0.05, 0.0])
    curve = agreement_curve(final[:, None] + noise)
    assert curve.tau[-1] == 1.0
    assert curve.tau[0] < 0.5 < curve.tau[3]
    assert curve.low[2] < curve.tau[2] < curve.high[2]
    reached = curve.first_reaching(0.8)
    assert reached is not None
    assert (curve.tau[reached:] >= 0.8).all()
    assert curve.tau[reached - 1] < 0.8
    assert curve.first_reaching(1.1) is None
    assert curve.first_reaching(-1.0) == 0
    assert "6 epochs" in curve.sentence


def test_curve_against_another_target_marks_curves_that_ended() -> None:
    values = np.column_stack([np.arange(6.0), np.full(6, np.nan)])
    curve = agreement_curve(values, target=-np.arange(6.0))
    assert curve.tau[0] == -1.0
    assert np.isnan(curve.tau[1])
    assert curve.points[1].dropped == 6
