"""Friedman's test and critical differences against Demsar, published tables, scipy and simulation."""

from itertools import combinations, permutations, product

import numpy as np
import pytest
from scipy.stats import studentized_range

from nasbench_sparse.leaderboard.statistics import (
    StatisticsError,
    critical_difference,
    friedman,
    nemenyi_difference,
    nemenyi_p_value,
)
from nasbench_sparse.leaderboard.statistics.column_shuffles import exact_tail, monte_carlo_tail
from nasbench_sparse.leaderboard.statistics.rank_diagram import choose_post_hoc
from nasbench_sparse.leaderboard.statistics.units import gather_units
from tests.statistics.demsar import AUC, LOSSES

RNG = np.random.default_rng


def columns(table: object) -> dict[str, np.ndarray]:
    return {str(i): column for i, column in enumerate(np.asarray(table, dtype=float).T)}


def test_friedman_of_demsar_table_6() -> None:
    result = friedman(LOSSES, unit="tasks", rng=RNG(0))
    assert np.round(result.average_ranks, 3).tolist() == [3.143, 2.0, 2.893, 1.964]
    # The paper's chi-square, 9.28, is not corrected for ties: one group of four, three of two.
    correction = 1 - (60 + 3 * 6) / (14 * 4 * 15)
    chi_square = result.chi_square * correction
    assert chi_square == pytest.approx(9.28, abs=0.006)
    assert 13 * chi_square / (14 * 3 - chi_square) == pytest.approx(3.69, abs=0.01)
    assert result.rejected
    assert result.tied_units == 4


def test_friedman_chi_square_agrees_with_scipy() -> None:
    from scipy.stats import friedmanchisquare

    result = friedman(LOSSES, unit="tasks", rng=RNG(0))
    assert result.chi_square == pytest.approx(friedmanchisquare(*AUC.T).statistic)


@pytest.mark.parametrize(
    ("k", "n", "statistic", "p"),
    [(3, 4, 6.5, 0.042), (3, 6, 7.0, 0.029), (3, 8, 6.25, 0.047), (4, 3, 7.4, 0.033), (4, 4, 7.8, 0.036)],
)
def test_friedman_exact_p_agrees_with_published_tables(k: int, n: int, statistic: float, p: float) -> None:
    # Exact tail probabilities of Friedman's statistic, Hollander and Wolfe (1999), table A.22.
    rng = RNG(k * n)
    while True:
        result = friedman(columns([rng.permutation(k) for _ in range(n)]), unit="tasks", rng=rng)
        if result.chi_square == pytest.approx(statistic):
            break
    assert result.p_value == pytest.approx(p, abs=6e-4)


def test_exact_tail_equals_enumeration_with_ties() -> None:
    rows = np.array([[2, 4, 6], [3, 3, 6], [2, 5, 5], [6, 4, 2]])
    observed = (rows.sum(axis=0) ** 2).sum()
    all_sums = [np.sum(choice, axis=0) for choice in product(*(list(permutations(row)) for row in rows))]
    share = np.mean([(s**2).sum() >= observed for s in all_sums])
    assert exact_tail(rows) == pytest.approx(share)


def test_monte_carlo_tail_agrees_with_the_exact_one_and_is_never_zero() -> None:
    rows = np.array([RNG(i).permutation(4) * 2 + 2 for i in range(8)])
    exact = exact_tail(rows)
    assert exact is not None
    assert monte_carlo_tail(rows, 10_000, RNG(0)) == pytest.approx(exact, abs=3 * 0.005)
    assert monte_carlo_tail(np.tile([2, 4, 6, 8], (12, 1)), 1000, RNG(0)) == pytest.approx(1 / 1001)


def test_large_table_uses_iman_davenport() -> None:
    from scipy.stats import f

    table = RNG(3).normal(size=(30, 7))
    result = friedman(columns(table), unit="tasks", rng=RNG(0))
    assert result.method == "Iman-Davenport F"
    chi_square = result.chi_square  # without ties F follows from it
    assert result.f_statistic == pytest.approx(29 * chi_square / (30 * 6 - chi_square))
    assert result.p_value == pytest.approx(f.sf(result.f_statistic, 6, 6 * 29))


def test_few_units_of_many_contenders_use_random_permutations() -> None:
    table = columns(RNG(4).normal(size=(4, 8)))
    result = friedman(table, unit="tasks", rng=RNG(0), permutations=2000)
    assert result.method == "Monte Carlo, 2,000 permutations"
    agree = friedman(columns(np.tile(np.arange(8.0), (30, 1))), unit="tasks", rng=RNG(0))
    assert agree.p_value == agree.smallest_p_value > 0  # F is infinite; p is not zero


def test_full_agreement_is_exact_or_tiny_and_all_ties_reject_nothing() -> None:
    agree = friedman(columns(np.tile([1.0, 2, 3], (4, 1))), unit="tasks", rng=RNG(0))
    assert agree.p_value == pytest.approx(6.0**-3)
    assert agree.f_statistic == np.inf
    tied = friedman(columns(np.ones((6, 3))), unit="tasks", rng=RNG(0))
    assert (tied.chi_square, tied.f_statistic, tied.p_value, tied.tied_units) == (0, 0, 1, 6)


def test_one_task_and_one_family_are_too_few() -> None:
    one = friedman(columns([[1.0, 2, 3]]), unit="tasks", rng=RNG(0))
    family = friedman(columns(RNG(0).normal(size=(9, 3))), unit="tasks", rng=RNG(0), families=["a"] * 9)
    for result in (one, family):
        assert result.p_value is None
        assert not result.rejected
        assert "too few" in result.sentence


def test_friedman_refuses_two_contenders() -> None:
    with pytest.raises(StatisticsError, match="signed_rank"):
        friedman(columns(np.ones((6, 2))), unit="tasks", rng=RNG(0))


def test_false_positives_stay_at_the_level_over_2000_null_studies() -> None:
    rng = RNG(5)
    rejected = {"exact": 0, "Iman-Davenport F": 0}
    for method, shape in (("exact", (8, 3)), ("Iman-Davenport F", (10, 7))):
        for _ in range(2000):
            result = friedman(columns(rng.normal(size=shape)), unit="tasks", rng=rng)
            assert result.method == method
            rejected[method] += result.rejected
    assert 0.03 < rejected["exact"] / 2000 <= 0.0495 + 0.0146  # the exact level at n = 8, k = 3 is 4.7 %
    assert abs(rejected["Iman-Davenport F"] / 2000 - 0.05) < 0.0146  # three sigma


def test_false_positives_of_correlated_families_stay_at_the_level() -> None:
    rng = RNG(6)
    families = np.repeat(np.arange(8), 3)
    naive = blocked = 0
    for _ in range(500):
        table = rng.normal(size=(8, 3))[families] + 0.2 * rng.normal(size=(24, 3))
        blocked += friedman(columns(table), unit="tasks", rng=rng, families=[str(f) for f in families]).rejected
        naive += friedman(columns(table), unit="tasks", rng=rng).rejected
    assert abs(blocked / 500 - 0.05) < 0.03  # three sigma
    assert naive / 500 > 0.2


@pytest.mark.parametrize(
    ("k", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (8, 3.031), (10, 3.164)]
)
def test_nemenyi_difference_agrees_with_demsar_table_5(k: int, q: float) -> None:
    assert nemenyi_difference(k, 10) == pytest.approx(q * np.sqrt(k * (k + 1) / 60), rel=5e-4)


def test_nemenyi_groups_of_demsar_example() -> None:
    result = critical_difference(LOSSES, unit="tasks", rng=RNG(0), post_hoc="nemenyi")
    # The paper: the critical difference is 1.25 at 5 % and no pair reaches it (3.143 - 1.964 = 1.179).
    assert result.difference == pytest.approx(1.25, abs=0.005)
    assert result.names == ("C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5")
    assert result.groups == (result.names,)
    # At 10 % it is 1.12, and C4.5 is worse than C4.5+m and C4.5+m+cf: two groups (figure 1 a).
    loose = critical_difference(LOSSES, unit="tasks", rng=RNG(0), post_hoc="nemenyi", level=0.1)
    assert loose.difference == pytest.approx(1.12, abs=0.005)
    assert loose.groups == (("C4.5+m+cf", "C4.5+m", "C4.5+cf"), ("C4.5+cf", "C4.5"))


def test_groups_by_wilcoxon_holm_join_what_does_not_differ() -> None:
    base, noise = np.arange(12.0), RNG(1).normal(size=(12, 2))
    contenders = {"slow": base + 9, "tie 1": base + noise[:, 0], "tie 2": base + noise[:, 1]}
    result = critical_difference(contenders, unit="tasks", rng=RNG(0), resamples=200)
    assert result.drawn
    assert result.pairs is not None
    assert result.names[-1] == "slow"
    assert [set(group) for group in result.groups] == [{"tie 1", "tie 2"}]
    assert "1 group of contenders not shown to differ" in result.sentence


def test_bars_join_exactly_the_pairs_whose_nemenyi_p_value_exceeds_the_level() -> None:
    for seed in range(20):
        table = RNG(seed).normal(size=(9, 6)) + np.linspace(0, 3, 6)
        found = critical_difference(columns(table), unit="tasks", rng=RNG(0), post_hoc="nemenyi")
        joined = {pair for group in found.groups for pair in combinations(group, 2)}
        for pair in combinations(found.names, 2):
            p = nemenyi_p_value(found.apart(*pair), 6, 9)
            assert (pair in joined, found.differ(*pair)) == (p > 0.05, p <= 0.05)
        assert "families" not in found.sentence.split(". n =")[0]


def test_diagram_is_not_drawn_where_friedman_does_not_reject() -> None:
    result = critical_difference(columns(RNG(2).normal(size=(8, 4))), unit="tasks", rng=RNG(0))
    assert not result.drawn
    assert (result.groups, result.difference, result.pairs) == ((), None, None)
    assert result.sentence.startswith("No critical difference diagram")


def test_nemenyi_takes_families_for_as_many_units_as_their_averages_vary_like() -> None:
    units = gather_units(columns(np.eye(5)), unit="tasks", families=list("aaabc"))
    assert units.effective_n == pytest.approx(25 / 11)  # 5^2 / (3^2 + 1 + 1)
    assert gather_units(columns(np.eye(5)), unit="tasks").effective_n == 5
    blocked = critical_difference(
        columns(np.arange(14.0)[:, None] + np.arange(4.0) * 100),
        unit="tasks",
        rng=RNG(0),
        post_hoc="nemenyi",
        families=list("aabbccddeeffgg"),
    )
    assert blocked.difference == pytest.approx(nemenyi_difference(4, 7))
    assert "(14 tasks in families count as 7)" in blocked.sentence
    assert (blocked.apart("0", "3"), blocked.differ("0", "3"), blocked.differ("0", "1")) == (3.0, True, False)


def test_nemenyi_agrees_with_the_studentized_range_of_scipy() -> None:
    for k, n, apart in ((3, 12, 0.9), (6, 7.1, 2.5), (12, 30, 3.0)):
        width = apart / np.sqrt(k * (k + 1) / (12 * n))
        assert nemenyi_p_value(-apart, k, n) == pytest.approx(studentized_range.sf(width, k, np.inf), abs=1e-9)
        assert nemenyi_p_value(nemenyi_difference(k, n), k, n) == pytest.approx(0.05, abs=1e-12)
    with pytest.raises(StatisticsError, match="contenders is 1; a whole number is needed, and at least 2"):
        nemenyi_p_value(1.0, 1, 9)


def test_nemenyi_over_families_that_say_the_same_errs_in_five_percent_of_null_studies() -> None:
    rng = RNG(8)
    families = np.array([0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])  # as in the suite `tabular`: 11 tasks in 9 families
    effective, naive = nemenyi_difference(6, 121 / 17), nemenyi_difference(6, 11)
    ranks = rng.permuted(np.tile(np.arange(6.0), (2000, 9, 1)), axis=2)[:, families].mean(axis=1)
    widest = ranks.max(axis=1) - ranks.min(axis=1)
    three_sigma = 3 * np.sqrt(0.05 * 0.95 / 2000)
    assert 0.02 < (widest >= effective).mean() < 0.05 + three_sigma
    assert (widest >= naive).mean() > 0.05 + three_sigma


def test_test_of_all_pairs_is_chosen_by_n_alone() -> None:
    def chosen(blocks: int, contenders: int) -> str:
        return choose_post_hoc(gather_units(columns(np.zeros((blocks, contenders))), unit="tasks"))

    assert chosen(9, 5) == "wilcoxon-holm"  # 10 pairs, 2^-8: 0.039
    assert chosen(9, 6) == "nemenyi"  # 15 pairs: 0.059
    assert chosen(10, 6) == "wilcoxon-holm"


def test_losses_without_names_are_refused_in_words() -> None:
    with pytest.raises(StatisticsError, match="contenders is a ndarray; losses by name are needed"):
        friedman(np.ones((6, 3)), unit="tasks", rng=RNG(0))  # type: ignore[arg-type]
    with pytest.raises(StatisticsError, match="losses by name are needed"):
        critical_difference([[1.0, 2.0]], unit="tasks", rng=RNG(0))  # type: ignore[arg-type]
