"""Signed-rank test against scipy, Demsar's worked example, enumeration and simulation."""

from itertools import product
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from nasbench_sparse.leaderboard.statistics import StatisticsError, needed_units, pair_runs, signed_rank
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.leaderboard.statistics.units import Units, gather_units
from nasbench_sparse.leaderboard.statistics.wilcoxon import SignedRank, compare_columns
from tests.statistics.demsar import AUC

RNG = np.random.default_rng


def run(first: object, second: object, **options: object) -> SignedRank:
    return signed_rank(first, second, **{"unit": "tasks", "rng": RNG(0), "resamples": 200, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
@pytest.mark.parametrize("n", [6, 13, 50])
def test_signed_rank_agrees_with_scipy_exact(n: int, alternative: str) -> None:
    from scipy.stats import wilcoxon

    first, second = RNG(n).normal(size=n), RNG(n + 1).normal(0.3, size=n)
    ours = run(first, second, alternative=alternative)
    theirs = wilcoxon(first, second, alternative=alternative, method="exact")
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert ours.exact
    assert (ours.positive_ranks, ours.negative_ranks) != (0, 0)
    assert ours.positive_ranks + ours.negative_ranks == n * (n + 1) / 2


@pytest.mark.parametrize("zero_rule", ["pratt", "wilcox"])
@pytest.mark.parametrize("seed", range(4))
def test_signed_rank_with_zeros_and_ties_agrees_with_all_sign_flips(seed: int, zero_rule: str) -> None:
    from scipy.stats import PermutationMethod, wilcoxon

    d = RNG(seed).integers(-2, 4, size=9).astype(float)
    ours = run(d, np.zeros(9), zero_rule=zero_rule)
    theirs = wilcoxon(d, zero_method=zero_rule, method=PermutationMethod(n_resamples=np.inf))
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-12)
    assert ours.zeros == int((d == 0).sum())


def test_signed_rank_of_demsar_table_2() -> None:
    result = run(AUC[:, 1], AUC[:, 0])
    # The paper splits the zeros' ranks (1.5 each) between both sums: R+ = 93, R- = 12.
    assert (result.positive_ranks + 1.5, result.negative_ranks + 1.5) == (93, 12)
    assert (result.n, result.zeros, result.tied_groups) == (14, 2, 1)
    assert result.p_value is not None
    assert result.p_value < 0.05  # the paper rejects, 12 being below the critical 21
    assert "2 zero differences (ranked but not summed, Pratt), 1 group of ties" in result.sentence
    assert result.sentence.startswith("n = 14 tasks, means over seeds; ")


def test_signed_rank_of_one_sided_differences_is_two_to_the_minus_n() -> None:
    for n in (6, 10, 20):
        assert run(np.arange(1.0, n + 1), np.zeros(n)).p_value == pytest.approx(2.0 ** (1 - n))
        assert run(np.arange(1.0, n + 1), np.zeros(n), alternative="greater").p_value == pytest.approx(2.0**-n)


def test_effect_is_one_where_all_differences_are_positive_and_has_no_interval() -> None:
    result = run(np.arange(1.0, 9), np.zeros(8))
    assert result.effect == 1.0
    assert result.effect_interval is None
    assert result.difference == 4.5
    assert result.difference_interval is not None


def test_effect_equals_the_simple_difference_of_rank_sums() -> None:
    result = run([3.0, -1.0, 2.0, 4.0, -5.0, 6.0], np.zeros(6))
    assert (result.positive_ranks, result.negative_ranks) == (15, 6)
    assert result.effect == pytest.approx((15 - 6) / 21)


def test_five_tasks_are_too_few_and_six_are_not() -> None:
    five, six = run(np.arange(1.0, 6), np.zeros(5)), run(np.arange(1.0, 7), np.zeros(6))
    assert (five.p_value, five.p_text, five.smallest_p_value) == (None, "too few", 0.0625)
    assert "too few" in five.sentence
    assert five.difference_interval is not None
    assert six.p_value == 0.03125


def test_families_are_flipped_together() -> None:
    d = np.array([1.0, 2, -3, 4, 5, 6, 7, 8, 9])
    families = list("aabbcdefg")
    result = run(d, np.zeros(9), families=families, alternative="greater")
    ranks = {"a": 1 + 2, "b": -3 + 4, "c": 5, "d": 6, "e": 7, "f": 8, "g": 9}
    sums = np.array([np.dot(signs, list(ranks.values())) for signs in product((-1, 1), repeat=7)])
    assert result.p_value == pytest.approx((sums >= 39).mean())
    assert (result.n, result.n_blocks) == (9, 7)
    # effect 39/45: 11 independent units, and 9 in families of 2, 2, 1, ... tell as much as 81/13
    assert result.needed == ceil(11 * 9 * 13 / 81) == 16
    assert "n = 9 tasks in 7 families, means over seeds" in result.sentence


def test_many_tasks_of_few_families_are_too_few() -> None:
    assert run(np.arange(1.0, 21), np.zeros(20), families=["a", "b", "c", "d"] * 5).p_text == "too few"


def test_all_zero_differences_give_a_clear_result() -> None:
    for rule in ("pratt", "wilcox"):
        result = run(np.ones(8), np.ones(8), zero_rule=rule)
        assert (result.p_value, result.effect, result.zeros, result.needed) == (1.0, 0.0, 8, None)
        assert "8 zero differences" in result.sentence


def test_one_task_gives_effect_without_p_value_or_interval() -> None:
    result = run([1.0], [2.0])
    assert (result.n, result.p_value, result.effect, result.effect_interval) == (1, None, -1.0, None)
    assert "n = 1 task, means over seeds" in result.sentence


def test_task_with_a_missing_run_is_dropped_not_averaged() -> None:
    first = RNG(1).normal(size=(5, 9))
    second = first + 1
    second[3, 4] = np.nan
    result = run(first, second)
    assert (result.n, result.dropped) == (8, 1)
    assert result.difference == pytest.approx(-1.0)
    assert "n = 8 tasks, means over seeds, 1 with holes left out" in result.sentence


def test_runs_are_paired_by_seed_and_replicate() -> None:
    paired = pair_runs({"a": {(2, 0): 0.2, (1, 0): 0.1, (1, 1): 0.3}, "b": {(1, 0): 0.4, (2, 0): 0.5, (3, 0): 0.9}})
    assert paired.keys == ((1, 0), (1, 1), (2, 0), (3, 0))
    assert paired.sentence == "4 runs by seed and replicate, 2 of them run by every contender."
    result = run(paired.columns["a"], paired.columns["b"], unit="runs")
    assert (result.n, result.dropped) == (2, 2)
    assert result.difference == pytest.approx(-0.3)
    assert "n = 2 runs of one task, paired by seed and replicate, 2 with holes left out" in result.sentence
    with pytest.raises(StatisticsError, match="1 contender given without any run"):
        pair_runs({"a": {}})


def test_seeds_of_several_tasks_are_refused_as_units() -> None:
    with pytest.raises(StatisticsError, match="runs are a unit within one task only"):
        run(np.ones((5, 3)), np.zeros((5, 3)), unit="runs")


@pytest.mark.parametrize(
    ("first", "second", "options", "words"),
    [
        ([], [], {}, "is empty"),
        ([np.nan, 1.0], [1.0, np.nan], {}, "0 of 2 tasks are complete"),
        ([1.0, 2.0], [1.0], {}, "they must be equal"),
        ([1.0, np.inf], [1.0, 2.0], {}, "infinite"),
        (["x"], [1.0], {}, "rectangular array of numbers"),
        ([1.0], [2.0], {"unit": "seeds"}, "allowed: runs, tasks"),
        ([1.0], [2.0], {"alternative": "both"}, "allowed: two-sided"),
        ([1.0], [2.0], {"level": 1.5}, "strictly between 0 and 1"),
        ([1.0], [2.0], {"resamples": 3}, "at least 100"),
        ([1.0], [2.0], {"families": ["a", "b"]}, "2 families given for 1 tasks"),
        ([1.0], [2.0], {"families": ["a"], "unit": "runs"}, "families block tasks"),
    ],
)
def test_bad_input_is_named(first: object, second: object, options: dict[str, object], words: str) -> None:
    with pytest.raises(StatisticsError, match=words):
        run(first, second, **options)


def test_result_is_the_same_to_the_byte() -> None:
    first, second = RNG(1).normal(size=(3, 20)), RNG(2).normal(size=(3, 20))
    assert repr(run(first, second)) == repr(run(first, second))
    assert repr(run(first, second)) != repr(run(first, second, rng=RNG(1)))


def test_false_positives_stay_at_the_level_over_2000_null_studies() -> None:
    rng = RNG(7)
    rejected = {"two-sided": 0, "less": 0}
    for _ in range(2000):
        units = gather_units({"a": rng.normal(size=15), "b": rng.normal(size=15)}, unit="tasks")
        for alternative in rejected:
            p = compare_columns(units, 0, 1, rng, alternative, resamples=100).p_value  # type: ignore[arg-type]
            rejected[alternative] += p is not None and p <= 0.05
    # An exact test is at most 5 %, here 4.79 %; three sigma of 2,000 binomial draws are 1.5 points.
    assert all(0.033 < count / 2000 < 0.065 for count in rejected.values()), rejected


def test_false_positives_of_correlated_families_stay_at_the_level() -> None:
    rng = RNG(8)
    families = np.repeat(np.arange(10), 3)
    naive = blocked = 0
    for _ in range(2000):
        d = rng.normal(size=10)[families] + 0.3 * rng.normal(size=30)
        for names in (None, [str(f) for f in families]):
            units = gather_units({"a": d, "b": np.zeros(30)}, unit="tasks", families=names)
            p = compare_columns(units, 0, 1, rng, resamples=100).p_value
            assert p is not None
            naive, blocked = naive + (names is None and p <= 0.05), blocked + (names is not None and p <= 0.05)
    assert 0.035 < blocked / 2000 < 0.065  # 0.05 +- 3 sigma
    assert naive / 2000 > 0.15  # what counting derived tasks as problems would do


@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_effect_interval_covers_at_its_level(shift: float) -> None:
    rng = RNG(9)
    truth = 2 * NormalDist().cdf(shift * sqrt(2)) - 1  # 2 P(d1 + d2 > 0) - 1
    covered = 0
    for _ in range(600):
        units = gather_units({"a": rng.normal(shift, size=25), "b": np.zeros(25)}, unit="tasks")
        interval = compare_columns(units, 0, 1, rng, resamples=400).effect_interval
        assert interval is not None
        covered += interval.low <= truth <= interval.high
    assert abs(covered / 600 - 0.95) < 0.027  # three sigma


@pytest.mark.parametrize("shift", [0.2, 0.4, 0.7])
def test_needed_units_give_the_power_they_promise(shift: float) -> None:
    n = needed_units(2 * NormalDist().cdf(shift * sqrt(2)) - 1)
    assert n is not None
    rng = RNG(10)
    rejected = 0
    for _ in range(600):
        units = gather_units({"a": rng.normal(shift, size=n), "b": np.zeros(n)}, unit="tasks")
        p = compare_columns(units, 0, 1, rng, resamples=100).p_value
        rejected += p is not None and p <= 0.05
    # Never short of what was asked for by more than three sigma, and conservative at large effects.
    assert 0.8 - 0.049 < rejected / 600 < 0.9 + 0.037


def units_of(differences: Floats) -> Units:
    return gather_units({"a": differences, "b": np.zeros(len(differences))}, unit="tasks")


@pytest.mark.parametrize("share", [0.5, 0.7])
def test_needed_units_give_their_power_where_many_pairs_do_not_differ(share: float) -> None:
    rng = RNG(11)

    def differences(n: int) -> Floats:
        return np.where(rng.random(n) < share, 0.0, rng.normal(1.0, size=n))

    found = compare_columns(units_of(differences(3000)), 0, 1, rng, resamples=0)
    n = found.needed
    assert n is not None
    p_values = [compare_columns(units_of(differences(n)), 0, 1, rng, resamples=0).p_value for _ in range(400)]
    assert np.mean([p is not None and p <= 0.05 for p in p_values]) > 0.8 - 0.06  # three sigma


def test_needed_units_of_a_family_give_their_power_at_its_first_step() -> None:
    rng = RNG(12)
    observed = compare_columns(units_of(rng.normal(0.5, size=3000)), 0, 1, rng, resamples=0, tests=15)
    n, rejected = observed.needed, 0
    assert n == needed_units(observed.effect, level=0.05 / 15) == needed_units(observed.effect, tests=15)
    assert n is not None
    assert "and the first step of Holm over 15 tests" in observed.sentence
    for _ in range(400):
        p = compare_columns(units_of(rng.normal(0.5, size=n)), 0, 1, rng, resamples=0).p_value
        rejected += p is not None and p <= 0.05 / 15
    assert rejected / 400 > 0.8 - 0.06  # three sigma


def test_needed_units_by_hand() -> None:
    # 4 (1.95996 + 0.84162)^2 / (3 * 0.25) = 41.86
    assert needed_units(0.5) == needed_units(-0.5) == 42
    assert needed_units(0.0) is None
    assert needed_units(1.0) == 11
    assert needed_units(1.0, power=0.01) == 6  # fewer cannot reach 5 %
    assert needed_units(1.0, power=0.01, zeros=0.5) == 12
    assert needed_units(1e-170) is None
    with pytest.raises(StatisticsError, match="lies in"):
        needed_units(1.5)
