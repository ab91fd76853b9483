"""Error rates and coverage of whole analyses over simulated studies; tolerances are three sigma of binomial draws.

The single tests and intervals are simulated beside their other tests; here are families of tests, partial nulls,
alternatives, and, among the slow tests, ten times as many studies.
"""

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest

from nasbench_sparse.leaderboard.statistics import (
    expected_best,
    friedman,
    hypervolume,
    iqm,
    pairwise,
    performance_profile,
    probability_of_improvement,
)
from nasbench_sparse.leaderboard.statistics.bootstrap import bootstrap_mean
from nasbench_sparse.leaderboard.statistics.units import gather_units
from nasbench_sparse.leaderboard.statistics.wilcoxon import compare_columns

RNG = np.random.default_rng
LARGE = pytest.param(20_000, marks=pytest.mark.slow)


def tolerance(rate: float, studies: int) -> float:
    """Return three standard deviations of a share of so many studies."""
    return 3 * sqrt(rate * (1 - rate) / studies)


@pytest.mark.parametrize("studies", [2000, LARGE])
def test_holm_over_signed_rank_tests_errs_in_five_percent_of_null_studies(studies: int) -> None:
    rng = RNG(1)
    errors = 0
    for _ in range(studies):
        table = rng.normal(size=(12, 3))
        family = pairwise(
            {"a": table[:, 0], "b": table[:, 1], "c": table[:, 2]}, unit="tasks", rng=rng, resamples=100
        )
        errors += any(comparison.rejected for comparison in family.comparisons)
    assert errors / studies < 0.05 + tolerance(0.05, studies)
    assert errors / studies > 0.02  # not by never rejecting


@pytest.mark.parametrize("studies", [500, LARGE])
def test_holm_errs_in_five_percent_of_studies_where_another_pair_differs(studies: int) -> None:
    rng = RNG(2)
    errors = found = 0
    for _ in range(studies):
        table = rng.normal(size=(15, 3)) + np.array([0.0, 0.0, 2.0])
        family = pairwise(
            {"a": table[:, 0], "b": table[:, 1], "c": table[:, 2]}, unit="tasks", rng=rng, resamples=100
        )
        errors += family.rejected("a", "b")
        found += family.rejected("a", "c")
    assert errors / studies < 0.05 + tolerance(0.05, studies)
    assert found / studies > 0.9


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_signed_rank_with_ties_and_zeros_keeps_its_level(alternative: str) -> None:
    rng = RNG(3)
    rejected = 0
    for _ in range(2000):
        units = gather_units({"a": rng.integers(0, 4, 14), "b": rng.integers(0, 4, 14)}, unit="tasks")
        p = compare_columns(units, 0, 1, rng, alternative, resamples=100).p_value  # type: ignore[arg-type]
        rejected += p is not None and p <= 0.05
    assert rejected / 2000 < 0.05 + tolerance(0.05, 2000)
    assert rejected / 2000 > 0.02


def test_friedman_by_random_permutations_keeps_its_level() -> None:
    rng = RNG(4)
    rejected = 0
    for _ in range(600):
        table = rng.normal(size=(4, 8))
        result = friedman({str(i): c for i, c in enumerate(table.T)}, unit="tasks", rng=rng, permutations=400)
        assert result.method.startswith("Monte Carlo")
        rejected += result.rejected
    assert rejected / 600 < 0.05 + tolerance(0.05, 600)
    assert rejected / 600 > 0.02


@pytest.mark.parametrize("shift", [0.4, 1.0])
@pytest.mark.parametrize("studies", [600, LARGE])
def test_improvement_interval_covers_away_from_the_null(shift: float, studies: int) -> None:
    rng = RNG(5)
    truth = NormalDist().cdf(shift / sqrt(2))
    covered = 0
    for _ in range(studies):
        first, second = rng.normal(-shift, size=(12, 6)), rng.normal(size=(12, 6))
        interval = probability_of_improvement(first, second, rng, resamples=300).interval
        assert interval is not None
        covered += interval.low <= truth <= interval.high
    assert abs(covered / studies - 0.95) < tolerance(0.95, studies) + 0.01  # and one point for 12 runs


@pytest.mark.parametrize("studies", [LARGE])
def test_iqm_interval_covers_at_its_level_in_many_studies(studies: int) -> None:
    rng = RNG(6)
    covered = 0
    for _ in range(studies):
        interval = iqm(rng.normal(size=(10, 6)), rng, resamples=300).interval
        assert interval is not None
        covered += interval.low <= 0 <= interval.high
    assert abs(covered / studies - 0.95) < tolerance(0.95, studies) + 0.01


def test_profile_band_covers_the_true_share() -> None:
    rng = RNG(7)
    covered = 0
    for _ in range(600):
        profile = performance_profile(rng.normal(size=(15, 6)), [0.3], rng, resamples=300)
        covered += profile.low[0] <= 1 - NormalDist().cdf(0.3) <= profile.high[0]
    assert abs(covered / 600 - 0.95) < tolerance(0.95, 600) + 0.01


@pytest.mark.parametrize("threshold", [0.0, 1.5])
def test_profile_band_of_few_runs_covers_the_true_share(threshold: float) -> None:
    rng = RNG(7)
    covered = 0
    for _ in range(300):
        profile = performance_profile(rng.normal(size=(3, 4)), [threshold], rng, resamples=200)
        covered += profile.low[0] <= 1 - NormalDist().cdf(threshold) <= profile.high[0]
    assert covered / 300 > 0.95 - tolerance(0.95, 300)


def test_mean_hypervolume_interval_covers_its_expectation() -> None:
    rng = RNG(8)
    covered = 0
    for _ in range(600):
        losses = rng.uniform(size=12)  # one point at density 0.5: the share of the box is (1 - loss) / 2
        areas = [hypervolume([0.5], [loss], (1.0, 1.0)).share for loss in losses]
        interval = bootstrap_mean(areas, rng, resamples=300)
        assert interval is not None
        covered += interval.low <= 0.25 <= interval.high
    assert abs(covered / 600 - 0.95) < tolerance(0.95, 600) + 0.01


def test_expected_best_is_unbiased_and_its_band_covers() -> None:
    rng = RNG(9)
    truth = 1 / 6  # lowest of five uniform losses
    covered, estimates = 0, []
    for _ in range(600):
        found = expected_best(rng.uniform(size=60), rng, trials=[5], resamples=300)
        covered += found.low[0] <= truth <= found.high[0]
        estimates.append(found.expected[0])
    assert abs(np.mean(estimates) - truth) < 3 * np.std(estimates) / sqrt(600)
    assert abs(covered / 600 - 0.95) < tolerance(0.95, 600) + 0.02  # and two points: percentiles of few low losses
