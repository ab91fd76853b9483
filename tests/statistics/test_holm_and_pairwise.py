"""Holm's correction against statsmodels' numbers, and families of comparisons."""

import math

import numpy as np
import pytest

from nasbench_sparse.errors import UnknownName
from nasbench_sparse.leaderboard.statistics import StatisticsError, holm, needed_units, pairwise
from nasbench_sparse.leaderboard.statistics.holm_correction import holm_where_possible

RNG = np.random.default_rng


def test_holm_agrees_with_statsmodels() -> None:
    # statsmodels 0.15.0, multipletests(..., method="holm")
    result = holm([0.01, 0.04, 0.03, 0.005, 0.2])
    assert result.adjusted == pytest.approx((0.04, 0.09, 0.09, 0.025, 0.2))
    assert result.rejected == (True, False, False, True, False)
    assert result.sentence == "Holm over 5 tests rejects 2 at 0.05"


def test_holm_keeps_untestable_tests_in_the_family() -> None:
    result = holm([0.02, np.nan, 0.9])
    assert result.adjusted[0] == pytest.approx(0.06)
    assert np.isnan(result.adjusted[1])
    assert (result.tests, result.without, result.rejected) == (3, 1, (False, False, False))


def test_holm_of_one_test_changes_nothing_and_caps_at_one() -> None:
    assert holm([0.03]).adjusted == (0.03,)
    assert holm([0.6, 0.7]).adjusted == (1.0, 1.0)


@pytest.mark.parametrize("bad", [[], [1.2], [-0.1], [[0.1]]])
def test_holm_refuses_what_is_no_family_of_p_values(bad: object) -> None:
    with pytest.raises(StatisticsError):
        holm(bad)


def test_holm_errs_in_at_most_five_percent_of_2000_null_families() -> None:
    p = RNG(0).uniform(size=(2000, 6))
    errors = np.mean([any(holm(row).rejected) for row in p])
    assert errors < 0.05 + 3 * 0.0049


def test_pairwise_replaces_p_by_too_few_at_the_corrected_level() -> None:
    base = np.arange(8.0)
    contenders = {name: base + i * np.linspace(1, 2, 8) for i, name in enumerate("abcd")}
    seven = pairwise({n: v[:7] for n, v in contenders.items()}, unit="tasks", rng=RNG(0), resamples=200)
    eight = pairwise(contenders, unit="tasks", rng=RNG(0), resamples=200)
    # Six tests need 0.05 / 6 = 0.00833 at the first step; 2^-6 = 0.0156 does not reach it, 2^-7 = 0.0078 does.
    assert all(c.adjusted is None and c.test.p_text == "too few" and not c.rejected for c in seven.comparisons)
    assert all(c.test.difference_interval is not None for c in seven.comparisons)
    assert "p after Holm too few" in seven.comparisons[0].sentence
    assert all(c.rejected and c.adjusted == pytest.approx(6 / 128) for c in eight.comparisons)
    assert seven.correction.without == 6


def test_pairwise_says_how_many_units_the_first_step_of_holm_needs() -> None:
    table = RNG(3).normal(size=(12, 4)) + np.linspace(0, 1, 4)
    found = pairwise({str(i): c for i, c in enumerate(table.T)}, unit="tasks", rng=RNG(0), resamples=100)
    for one in found.comparisons:
        assert one.test.tests == found.correction.tests == 6
        assert one.test.needed == needed_units(one.test.effect, tests=6)


def test_pairwise_against_a_control_compares_each_once() -> None:
    contenders = {name: RNG(i).normal(size=12) for i, name in enumerate("abc")}
    result = pairwise(contenders, unit="tasks", rng=RNG(0), control="b", resamples=200)
    assert [(c.first, c.second) for c in result.comparisons] == [("a", "b"), ("c", "b")]
    assert not result.rejected("b", "a")
    assert "n = 12 tasks" in result.sentence
    with pytest.raises(UnknownName, match="contender"):
        pairwise(contenders, unit="tasks", rng=RNG(0), control="d")


def test_pairwise_uses_only_tasks_complete_for_all() -> None:
    contenders = {name: RNG(i).normal(size=(3, 12)) for i, name in enumerate("abc")}
    contenders["c"][0, 2] = np.nan
    result = pairwise(contenders, unit="tasks", rng=RNG(0), resamples=200)
    assert {c.test.n for c in result.comparisons} == {11}
    assert {c.test.dropped for c in result.comparisons} == {1}


def test_pairwise_needs_two_contenders() -> None:
    with pytest.raises(StatisticsError, match="at least two"):
        pairwise({"a": [1.0]}, unit="tasks", rng=RNG(0))


def test_holm_where_possible_leaves_hopeless_tests_out_of_the_family() -> None:
    # one unit: the smallest p-value is 1, so the family has two members, of factors 2 and 1
    found = holm_where_possible([0.02, 1.0, 0.04], [0.01, 1.0, 0.01])
    assert found.adjusted == pytest.approx((0.04, math.nan, 0.04), nan_ok=True)
    assert found.rejected == (True, False, True)
    assert (found.tests, found.without) == (2, 0)


def test_holm_where_possible_keeps_members_that_cannot_reach_the_corrected_level() -> None:
    # at their smallest: 3 * 0.001 may reject, 2 * 0.04 may not; the family still has three members
    found = holm_where_possible([0.01, 0.04, 0.04], [0.001, 0.04, 0.04])
    assert found.adjusted == pytest.approx((0.03, math.nan, math.nan), nan_ok=True)
    assert (found.tests, found.without) == (3, 2)


def test_holm_where_possible_of_nothing_possible_has_no_members() -> None:
    found = holm_where_possible([1.0, math.nan], [0.5, math.nan])
    assert found.tests == 0
    assert found.rejected == (False, False)


def test_pairwise_without_resamples_tests_alike_and_draws_nothing() -> None:
    contenders = {name: RNG(seed).normal(size=12) for seed, name in enumerate("abc")}
    rng = RNG(0)
    before = rng.bit_generator.state
    bare = pairwise(contenders, unit="tasks", rng=rng, resamples=0)
    assert rng.bit_generator.state == before
    full = pairwise(contenders, unit="tasks", rng=RNG(0), resamples=200)
    for one, other in zip(bare.comparisons, full.comparisons, strict=True):
        assert (one.test.p_value, one.test.effect, one.adjusted) == (
            other.test.p_value,
            other.test.effect,
            other.adjusted,
        )
        assert one.test.effect_interval is one.test.difference_interval is None
        assert other.test.effect_interval is not None
