"""Bootstrap intervals and aggregates: closed forms, rliable's numbers, and coverage by simulation."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest, t, ttest_ind

from nasbench_sparse.leaderboard.statistics import (
    StatisticsError,
    Strata,
    aggregate,
    bootstrap_mean,
    iqm,
    performance_profile,
    probability_of_improvement,
    stratified_mean,
)
from nasbench_sparse.leaderboard.statistics.bootstrap import (
    Interval,
    bca_interval,
    every_resample,
    resampled_weights,
    small_sample_factor,
    tail_quantiles,
    weighted_interval,
    weighted_mean_interval,
)
from nasbench_sparse.leaderboard.statistics.stratified import middle_half, widening

RNG = np.random.default_rng
# rounded draws, scored once with rliable 1.2.0's metrics module
SCORES = np.round(RNG(11).normal(0.5, 0.2, (7, 5)), 4)
OTHERS = np.round(RNG(12).normal(0.6, 0.2, (6, 5)), 4)
RLIABLE_IQM = 0.4877157894736842
RLIABLE_IMPROVEMENT = 0.3023809523809524  # P(SCORES > OTHERS), mean over tasks


def test_weights_draw_whole_blocks() -> None:
    blocks = np.array([0, 0, 1, 2, 2, 2])
    weights = np.concatenate(list(resampled_weights(blocks, 500, RNG(0))))
    assert weights.shape == (500, 6)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_bca_without_bias_or_skew_is_the_percentile_interval() -> None:
    resampled = np.linspace(-1, 1, 2001)
    low, high = tail_quantiles(resampled, 0.9)
    corrected = bca_interval(resampled, 0.0, np.array([-1.0, 1.0, -2.0, 2.0]), 0.9)
    assert (corrected.low, corrected.high) == pytest.approx((float(low), float(high)))
    assert (low, high) == pytest.approx((-0.9, 0.9))


def test_bca_does_not_depend_on_last_bits() -> None:
    """Many resamples of accuracies have the very mean of the sample, but for rounding."""
    accuracies = np.array([0.4, 0.5, 0.4, 0.6, 0.5, 0.4, 0.7, 0.5])
    interval = bootstrap_mean(accuracies, np.random.default_rng(0))
    assert interval is not None
    for seed in range(20):
        towards = np.random.default_rng(seed).choice([-1.0, 2.0], len(accuracies))
        other = bootstrap_mean(np.nextafter(accuracies, towards), np.random.default_rng(0))
        assert other is not None
        assert (other.low, other.high) == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_bca_agrees_with_scipy() -> None:
    from scipy.stats import bootstrap

    values = RNG(1).exponential(size=40)
    ours = weighted_interval(
        lambda weights: weights @ values / weights.sum(axis=1), np.arange(40), RNG(2), resamples=20_000
    )
    theirs = bootstrap((values,), np.mean, n_resamples=20_000, rng=RNG(3), method="BCa").confidence_interval
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.012)  # 3 sigma of the ends


def test_mean_without_each_block_is_that_of_weights_of_zero() -> None:
    values, blocks = RNG(4).exponential(size=14), np.array([0, 0, 1, 2, 2, 2, 3, 4, 4, 5, 6, 7, 8, 9])
    ours = weighted_mean_interval(values, blocks, RNG(5), resamples=200)
    plain = weighted_interval(
        lambda weights: weights @ values / weights.sum(axis=1),
        blocks,
        RNG(5),
        resamples=200,
        factor=small_sample_factor(10, 0.95),
    )
    assert ours is not None
    assert plain is not None
    assert (ours.low, ours.high) == pytest.approx((plain.low, plain.high), rel=1e-12)


def test_weights_do_not_depend_on_how_many_are_held_at_a_time() -> None:
    blocks = np.arange(1000)
    chunks = list(resampled_weights(blocks, 300, RNG(1)))
    drawn = RNG(1).integers(1000, size=(300, 1000))
    assert len(chunks) > 1
    for row, place in zip(np.concatenate(chunks), drawn, strict=True):
        assert (row == np.bincount(place, minlength=1000)).all()


def test_small_sample_factor_turns_the_normal_interval_into_students() -> None:
    # Student's t interval of n = 5 values: 2.776 standard errors with divisor n - 1.
    assert small_sample_factor(5, 0.95) == pytest.approx(2.77645 / 1.95996 * np.sqrt(5 / 4), rel=1e-5)
    assert small_sample_factor(100_000, 0.95) == pytest.approx(1, abs=1e-4)


def test_mean_interval_covers_at_its_level() -> None:
    rng = RNG(4)
    intervals = [bootstrap_mean(rng.normal(size=30), rng, resamples=400) for _ in range(1000)]
    covered = np.mean([i is not None and i.low <= 0 <= i.high for i in intervals])
    assert abs(covered - 0.95) < 0.021 + 0.005  # three sigma, and half a point for n = 30


def test_mean_of_few_values_has_students_interval() -> None:
    values = np.array([0.3, 0.1, 0.7, 0.4])
    found = bootstrap_mean(values, RNG(0))
    low, high = t.interval(0.95, 3, loc=values.mean(), scale=values.std(ddof=1) / 2)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.method == "Student's t, 3 degrees of freedom"


def test_mean_of_few_blocks_of_one_size_has_students_interval_of_their_means() -> None:
    values = RNG(1).normal(size=12)
    found = weighted_mean_interval(values, np.repeat(np.arange(6), 2), RNG(0))
    expected = bootstrap_mean(values.reshape(6, 2).mean(axis=1), RNG(0))
    assert found is not None
    assert expected is not None
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))


@pytest.mark.parametrize("n", [4, 6])
def test_mean_interval_of_few_values_covers_at_its_level(n: int) -> None:
    rng = RNG(14)
    intervals = [bootstrap_mean(rng.normal(size=n), rng) for _ in range(3000)]
    covered = np.mean([i is not None and i.low <= 0 <= i.high for i in intervals])
    assert abs(covered - 0.95) < 0.012  # three sigma


def test_mean_of_constants_has_no_interval_and_missing_values_are_refused() -> None:
    assert bootstrap_mean([2.0, 2.0, 2.0], RNG(0)) is None
    assert bootstrap_mean([0.1] * 7, RNG(0)) is None  # whose mean, as a float, is another
    assert bootstrap_mean([2.0], RNG(0)) is None
    with pytest.raises(StatisticsError, match="1 of 2 values are missing"):
        bootstrap_mean([1.0, np.nan], RNG(0))


def test_iqm_agrees_with_rliable() -> None:
    result = iqm(SCORES, RNG(0))
    assert result.value == pytest.approx(RLIABLE_IQM, rel=1e-12)
    assert result.interval is not None
    assert result.interval.low < result.value < result.interval.high
    assert "n = 7 runs of each of 5 tasks" in result.sentence


def test_iqm_cuts_a_quarter_at_either_end() -> None:
    assert iqm(np.arange(8.0)[:, None], RNG(0)).value == 3.5
    assert iqm([[100.0, 0.0, 2.0, -50.0]], RNG(0)).value == 1.0


@pytest.mark.parametrize("runs", [5, 20])
def test_iqm_interval_covers_at_its_level(runs: int) -> None:
    rng = RNG(5)
    shift = np.linspace(-0.1, 0.1, 10)
    reference = np.sort((rng.normal(size=(20_000, 10)) + shift).ravel())
    truth = reference[len(reference) // 4 : -len(reference) // 4].mean()
    covered = 0
    for _ in range(600):
        interval = iqm(rng.normal(size=(runs, 10)) + shift, rng, resamples=300).interval
        assert interval is not None
        covered += interval.low <= truth <= interval.high
    assert abs(covered / 600 - 0.95) < 0.027 + 0.005  # three sigma, and half a point


def test_aggregates_leave_out_tasks_with_holes_and_say_so() -> None:
    holes = SCORES.copy()
    holes[2, 1] = np.nan
    result = iqm(holes, RNG(0))
    assert result.dropped == (1,)
    assert result.value == iqm(np.delete(SCORES, 1, axis=1), RNG(0)).value
    assert "1 task with holes left out" in result.sentence
    with pytest.raises(StatisticsError, match="none of 5 tasks"):
        iqm(np.full((3, 5), np.nan), RNG(0))
    with pytest.raises(StatisticsError, match="empty"):
        iqm([], RNG(0))


def test_one_run_or_identical_runs_have_no_interval_and_say_so() -> None:
    single = iqm([[1.0, 2.0]], RNG(0))
    assert (single.value, single.interval) == (1.5, None)
    assert "no interval: one run per task" in single.sentence
    assert "no interval: nothing varies" in iqm(np.ones((9, 2)), RNG(0)).sentence
    assert "no interval: nothing varies" in stratified_mean(np.ones((9, 2))).sentence
    assert "no interval: one run per task" in stratified_mean([[1.0, 2.0]]).sentence
    assert "no interval: too few runs" in iqm(SCORES[:3, :2], RNG(0)).sentence
    tied = probability_of_improvement(np.ones((4, 2)), np.ones((4, 2)), RNG(0))
    assert (tied.probability, tied.interval, tied.all_tie) == (0.5, None, True)
    assert "no interval: all runs tie" in tied.sentence
    apart = probability_of_improvement(np.zeros((4, 2)), np.ones((4, 2)), RNG(0))
    assert (apart.probability, apart.no_interval, apart.all_tie) == (1.0, "no two runs overlap", False)


def test_mean_of_one_task_has_the_interval_of_students_t() -> None:
    runs = np.array([0.2, 0.5, 0.9, 0.4])
    found = stratified_mean(runs).interval
    low, high = t.interval(0.95, 3, loc=runs.mean(), scale=runs.std(ddof=1) / 2)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_mean_of_two_tasks_has_the_degrees_of_welch() -> None:
    first, second = RNG(1).normal(0, 1, 6), RNG(2).normal(0, 4, 6)
    found = stratified_mean(np.column_stack([first, second])).interval
    welch = ttest_ind(first, -second, equal_var=False).confidence_interval(0.95)  # of the sum of the two means
    assert found is not None
    assert (2 * found.low, 2 * found.high) == (pytest.approx(welch.low), pytest.approx(welch.high))


@pytest.mark.parametrize(
    ("runs", "spreads"), [(2, (1, 1)), (3, (1, 1)), (3, (1, 10)), (3, (1, 2, 3, 4)), (20, (1, 1))]
)
def test_interval_of_a_mean_score_covers_with_three_runs_of_two_tasks(runs: int, spreads: tuple[int, ...]) -> None:
    rng = RNG(3)
    studies = 1500
    covered = 0
    for _ in range(studies):
        interval = stratified_mean(rng.normal(0, spreads, (runs, len(spreads)))).interval
        assert interval is not None
        covered += interval.low <= 0 <= interval.high
    three_sigma = 3 * np.sqrt(0.05 * 0.95 / studies)
    assert 0.95 - three_sigma - 0.01 < covered / studies < 0.995  # a point below, and on the safe side above


@pytest.mark.parametrize(("runs", "tasks"), [(3, 7), (5, 2), (9, 1)])
@pytest.mark.parametrize("apart", [0, 6])
def test_interquartile_mean_covers_from_as_few_runs_as_it_takes(runs: int, tasks: int, apart: float) -> None:
    rng = RNG(4)
    levels = np.linspace(-apart, apart, tasks) if tasks > 1 else np.zeros(1)
    covered = 0
    for _ in range(1000):
        interval = iqm(rng.normal(size=(runs, tasks)) + levels, rng, resamples=200).interval
        assert interval is not None
        covered += interval.low <= 0 <= interval.high
    assert covered / 1000 > 0.93 - 3 * np.sqrt(0.05 * 0.95 / 1000)


@pytest.mark.parametrize(("runs", "tasks"), [(3, 6), (4, 4), (8, 1), (2, 40)])
def test_interquartile_mean_of_fewer_runs_has_no_interval(runs: int, tasks: int) -> None:
    found = iqm(RNG(0).normal(size=(runs, tasks)), RNG(1), resamples=100)
    assert (found.interval, found.no_interval) == (None, "too few runs")


def test_middle_half_of_the_tasks_has_the_fewest_runs() -> None:
    assert middle_half((9,)) == (9,)
    assert middle_half((9, 4, 7)) == (4, 7)
    assert middle_half((9, 4, 7, 5, 6)) == (4, 5, 6)


def test_unequal_strata_weigh_tasks_alike_as_if_runs_were_repeated() -> None:
    few, many = np.array([0.1, 0.4]), np.array([0.9, 0.2, 0.7])
    unequal = Strata((few, many))
    repeated = np.column_stack([np.repeat(few, 3), np.repeat(many, 2)])
    assert iqm(unequal, RNG(0)).value == pytest.approx(iqm(repeated, RNG(0)).value)
    assert stratified_mean(unequal).value == pytest.approx((0.25 + 0.6) / 2)
    profile = performance_profile(unequal, [0.3, 0.8], RNG(0))
    assert profile.fraction == pytest.approx([(1 / 2 + 2 / 3) / 2, (0 + 1 / 3) / 2])
    assert "n = 2 to 3 runs of each of 2 tasks; no band: too few runs" in profile.sentence
    welch = ttest_ind(few, -many, equal_var=False).confidence_interval(0.95)  # of the sum of the two means
    found = stratified_mean(unequal).interval
    assert found is not None
    assert (2 * found.low, 2 * found.high) == (pytest.approx(welch.low), pytest.approx(welch.high))


def test_strata_of_one_size_are_the_matrix() -> None:
    held = Strata(tuple(SCORES.T))
    assert iqm(held, RNG(0)) == iqm(SCORES, RNG(0))
    ours, theirs = (probability_of_improvement(given, OTHERS, RNG(0)) for given in (held, SCORES))
    assert (ours.probability, ours.interval) == (theirs.probability, theirs.interval)
    missing = Strata((np.array([1.0, np.nan]), np.array([2.0, 3.0, 4.0])))
    assert (stratified_mean(missing).value, stratified_mean(missing).dropped) == (3.0, (0,))


def test_unequal_strata_cover_at_their_level() -> None:
    rng = RNG(5)
    covered = 0
    for _ in range(400):
        interval = iqm(Strata(tuple(rng.normal(size=n) for n in (5, 6, 8, 20))), rng, resamples=200).interval
        assert interval is not None
        covered += interval.low <= 0 <= interval.high
    assert covered / 400 > 0.93 - 3 * np.sqrt(0.05 * 0.95 / 400)


def test_improvement_of_unequal_strata_compares_each_tasks_own_runs() -> None:
    first = Strata((np.array([1.0, 2.0]), np.array([5.0, 5.0, 5.0])))
    second = Strata((np.array([3.0, 0.0, 1.0]), np.array([5.0, 6.0])))
    found = probability_of_improvement(first, second, RNG(0))
    assert found.per_task == pytest.approx([(1 + 0.5 + 1) / 6, (3 / 2 + 3) / 6])
    assert found.probability == pytest.approx((2.5 / 6 + 4.5 / 6) / 2)
    assert (found.ties, found.no_interval) == (4, "too few runs")


def test_two_runs_of_a_task_are_too_few_for_the_interval_of_an_improvement() -> None:
    draws = RNG(1).normal(size=(2, 3, 9))
    assert probability_of_improvement(draws[0, :2], draws[1, :2], RNG(0)).no_interval == "too few runs"
    assert probability_of_improvement(draws[0], draws[1], RNG(0)).interval is not None


@pytest.mark.parametrize(("runs", "tasks"), [(3, 2), (3, 8), (5, 1)])
def test_improvement_interval_of_few_runs_covers(runs: int, tasks: int) -> None:
    rng = RNG(8)
    held = []
    for _ in range(500):
        first, second = rng.normal(size=(runs, tasks)), rng.normal(size=(runs, tasks))
        interval = probability_of_improvement(first, second, rng, resamples=200).interval
        held += [] if interval is None else [interval.low <= 0.5 <= interval.high]
    assert len(held) > 450
    assert np.mean(held) > 0.94 - 3 * np.sqrt(0.05 * 0.95 / 500)


def test_any_statistic_can_be_aggregated() -> None:
    worst = aggregate("worst task", lambda s: s.mean(axis=1).min(axis=1), SCORES, RNG(0))
    assert worst.value == SCORES.mean(axis=0).min()
    assert worst.sentence.startswith("worst task")


def test_probability_of_improvement_agrees_with_rliable_and_turns_around() -> None:
    ours = probability_of_improvement(-SCORES, -OTHERS, RNG(0))
    back = probability_of_improvement(-OTHERS, -SCORES, RNG(0))
    assert ours.probability == pytest.approx(RLIABLE_IMPROVEMENT, rel=1e-12)
    assert ours.probability + back.probability == pytest.approx(1.0)
    assert ours.interval is not None
    assert ours.interval.low < ours.probability < ours.interval.high


def test_probability_of_improvement_counts_ties_half_and_marks_holes() -> None:
    first, second = np.array([[1.0, 5.0], [2.0, np.nan]]), np.array([[1.0, 1.0], [3.0, 1.0], [0.0, 1.0]])
    result = probability_of_improvement(first, second, RNG(0))
    assert result.per_task[0] == pytest.approx((1 + 0.5 + 1) / 6)  # pairs won: 1<3 and 2<3; 1=1 ties
    assert np.isnan(result.per_task[1])
    assert (result.ties, result.dropped, result.tasks) == (1, (1,), 1)
    assert probability_of_improvement([[1.0]], [[1.0]], RNG(0)).interval is None
    with pytest.raises(StatisticsError, match="same tasks"):
        probability_of_improvement(np.ones((2, 2)), np.ones((2, 3)), RNG(0))


def test_improvement_interval_is_that_of_pairs_counted_one_by_one() -> None:
    first, second = RNG(7).integers(4, size=12).astype(float), RNG(8).integers(5, size=9).astype(float)  # many tie
    result = probability_of_improvement(first, second, RNG(9), resamples=200)
    rng = RNG(9)
    one, two = (held[rng.integers(len(held), size=(200, len(held)))] for held in (first, second))
    chances = [np.mean((a[:, None] < b) + (a[:, None] == b) / 2) for a, b in zip(one, two, strict=True)]
    ends = tail_quantiles(np.array(chances), 0.95, widening((12, 9), 0.95))
    assert result.interval is not None
    assert (result.interval.low, result.interval.high) == pytest.approx(ends, rel=1e-12)
    assert result.ties == sum(int(a == b) for a in first for b in second)


def test_improvement_interval_covers_at_its_level() -> None:
    rng = RNG(6)
    covered = 0
    for _ in range(600):
        result = probability_of_improvement(rng.normal(size=(15, 6)), rng.normal(size=(15, 6)), rng, resamples=300)
        assert result.interval is not None
        covered += result.interval.low <= 0.5 <= result.interval.high
    assert abs(covered / 600 - 0.95) < 0.027 + 0.005  # three sigma, and half a point


def test_profile_counts_runs_at_or_above_each_threshold() -> None:
    scores = np.array([[0.0, 0.5], [1.0, 0.5]])
    profile = performance_profile(scores, [-1, 0.25, 0.5, 0.75, 2], RNG(0))
    assert profile.fraction.tolist() == [1.0, 0.75, 0.75, 0.25, 0.0]
    assert np.isnan(performance_profile(scores[:1], [0.0], RNG(0)).low).all()
    with pytest.raises(StatisticsError, match="increasing"):
        performance_profile(scores, [1, 0], RNG(0))


def test_profile_of_enough_runs_lies_within_a_band_that_is_nowhere_of_no_width() -> None:
    scores = RNG(8).uniform(size=(5, 4))
    profile = performance_profile(scores, np.linspace(-0.5, 1.5, 21), RNG(0), resamples=200)
    assert (profile.low <= profile.fraction + 1e-12).all()
    assert (profile.high >= profile.fraction - 1e-12).all()
    assert (profile.high - profile.low > 0.05).all()
    ends = binomtest(0, 20).proportion_ci(method="wilson")  # beyond the highest score of 20 runs
    assert (profile.low[-1], profile.high[-1]) == (pytest.approx(ends.low), pytest.approx(ends.high))


def test_area_under_the_profile_is_the_mean_score() -> None:
    scores = RNG(7).uniform(size=(6, 4))
    grid = np.linspace(0, 1, 20_001)[1:]
    assert performance_profile(scores, grid, RNG(0), resamples=100).fraction.mean() == pytest.approx(
        scores.mean(), abs=1e-4
    )


def test_every_resample_has_the_chance_of_its_draws() -> None:
    """Of four blocks there are 4**4 equally likely draws in 35 ways."""
    counts, chances = every_resample(4)
    drawn = Counter(tuple(np.bincount(draw, minlength=4)) for draw in product(range(4), repeat=4))
    assert {tuple(row): chance for row, chance in zip(counts.astype(int).tolist(), chances, strict=True)} == (
        pytest.approx({tuple(map(int, row)): times / 4**4 for row, times in drawn.items()})
    )


def test_intervals_of_few_blocks_owe_nothing_to_the_generator() -> None:
    values = np.array([0.3, -0.1, 0.5, 0.2, 0.4, -0.3, 0.1, 0.6])

    def interval(seed: int, resamples: int) -> Interval:
        found = weighted_interval(
            lambda weights: weights @ values / weights.sum(axis=1), np.arange(8), RNG(seed), resamples=resamples
        )
        assert found is not None
        return found

    assert interval(0, 6435) == interval(1, 6435)
    assert interval(0, 6435).method == "BCa bootstrap, all 6,435 resamples"
    drawn = interval(0, 6434)
    assert drawn != interval(1, 6434)
    assert (drawn.low, drawn.high) == pytest.approx((interval(0, 6435).low, interval(0, 6435).high), abs=0.02)
