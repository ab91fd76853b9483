"""Regret, normalised scores, anytime areas, time to target, coverage: hand-computed cases."""

import numpy as np
import pytest

from nasbench_sparse.leaderboard.statistics import (
    StatisticsError,
    anytime,
    coverage,
    expected_best,
    normalised_scores,
    regret,
    time_to_target,
    trace,
)

RNG = np.random.default_rng
NAN = np.nan


def test_regret_is_exact_where_the_optimum_is_known() -> None:
    result = regret([[0.3, 5.0], [0.2, NAN]], [0.1, NAN])
    assert result.values[:, 0] == pytest.approx([0.2, 0.1])
    assert result.values[0, 1] == 0.0
    assert result.exact.tolist() == [True, False]
    assert "the tables' optimum in 1 task and the best loss found in 1" in result.sentence
    assert "1 missing" in result.sentence
    assert "exact" in regret([[0.3]], [0.1]).sentence
    assert regret([[0.3], [0.4]], best_found=[0.1]).values[:, 0] == pytest.approx([0.2, 0.3])


def test_regret_refuses_losses_below_an_exact_optimum_and_tasks_without_either() -> None:
    with pytest.raises(StatisticsError, match=r"task 0 has a loss 0\.1 below its exact optimum 0\.2"):
        regret([[0.1]], [0.2])
    with pytest.raises(StatisticsError, match="task 1 has neither"):
        regret([[0.1, NAN]])
    with pytest.raises(StatisticsError, match="2 values for 1 tasks"):
        regret([[0.1]], [0.0, 0.0])


def test_normalised_scores_are_zero_at_baseline_and_one_at_optimum() -> None:
    result = normalised_scores(
        [[4.0, 1.0, 1.0], [2.0, 3.0, NAN], [5.0, 0.0, 0.0]], [4.0, 1.0, 2.0], [2.0, 1.0, 1.0]
    )
    assert result.values[:, 0].tolist() == [0.0, 1.0, -0.5]
    assert np.isnan(result.values[:, 1]).all()
    assert (result.undefined, result.missing, result.above) == ((1,), 1, 1)
    assert "no scale in 1 task," in result.sentence
    assert "1 run beyond the optimum" in result.sentence


def test_normalised_scores_do_not_change_under_affine_maps_of_the_loss() -> None:
    losses = RNG(0).uniform(1, 2, size=(5, 3))
    one = normalised_scores(losses, np.full(3, 2.0), np.full(3, 1.0)).values
    other = normalised_scores(7 * losses - 3, np.full(3, 11.0), np.full(3, 4.0)).values
    assert one == pytest.approx(other)


def test_anytime_area_is_the_integral_of_the_step_function() -> None:
    run = trace([1.0, 3.0, 3.5], [0.5, 0.2, 0.4], end=4.0)
    result = anytime([run], 4.0, before=1.0, axis="full evaluations", points=5)
    # 1 until 1, 0.5 until 3, 0.2 until 4: the incumbent never rises
    assert result.area[0] == pytest.approx((1.0 + 1.0 + 0.2) / 4)
    assert result.losses[0].tolist() == [1.0, 0.5, 0.5, 0.2, 0.2]


def test_anytime_area_agrees_with_a_fine_grid() -> None:
    rng = RNG(1)
    run = trace(np.cumsum(rng.exponential(size=50)), rng.uniform(size=50), end=1e9)
    result = anytime([run], 30.0, before=1.0, axis="seconds", points=200_001)
    assert result.area[0] == pytest.approx(result.losses[0].mean(), abs=1e-3)


def test_run_that_stopped_short_is_marked_and_an_exhausted_one_holds() -> None:
    runs = [trace([1.0], [0.5], end=2.0), trace([1.0], [0.5], end=np.inf), trace([], [], end=4.0)]
    result = anytime(runs, 4.0, before=1.0, axis="seconds", points=5)
    assert result.short == (0,)
    assert np.isnan(result.area[0])
    assert result.area[1:].tolist() == [0.625, 1.0]
    assert np.isnan(result.losses[0]).tolist() == [False, False, False, True, True]
    assert "n = 3 runs, 1 of them stopped short" in result.sentence


def test_failed_trials_spend_without_finding() -> None:
    run = trace([1.0, 2.0, 3.0], [NAN, 0.5, NAN])
    assert run.end == 3.0
    assert run.at(np.array([1.0, 2.0, 3.0]), 9.0).tolist() == [9.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("spent", "loss", "end", "words"),
    [
        ([2.0, 1.0], [1.0, 1.0], None, "never decrease"),
        ([NAN], [1.0], None, "never decrease"),
        ([1.0], [1.0, 2.0], None, "must be equal"),
        ([3.0], [1.0], 2.0, "before the last event"),
    ],
)
def test_trace_refuses_what_is_no_history(spent: object, loss: object, end: float | None, words: str) -> None:
    with pytest.raises(StatisticsError, match=words):
        trace(spent, loss, end=end)


def test_anytime_refuses_other_axes_and_no_runs() -> None:
    with pytest.raises(StatisticsError, match="allowed: full evaluations, seconds"):
        anytime([trace([], [])], 1.0, before=1.0, axis="hours")
    with pytest.raises(StatisticsError, match="at least one is needed"):
        anytime([], 1.0, before=1.0, axis="seconds")


def test_time_to_target_is_the_first_spending_at_or_below_it() -> None:
    runs = [trace([1.0, 3.0], [0.5, 0.2], end=4.0), trace([2.0], [0.1], end=4.0)]
    result = time_to_target(runs, [0.5, 0.15], [0.5, 1.0, 2.0, 4.0, 5.0], axis="seconds")
    assert result.times.tolist() == [[1.0, np.inf], [2.0, 2.0]]
    assert result.fraction[:4].tolist() == [0.0, 0.25, 0.75, 0.75]
    assert np.isnan(result.fraction[4])  # the first run was watched up to 4 only
    assert (result.horizon, result.unreached) == (4.0, 1)
    assert "known up to 4 seconds" in result.sentence


def test_time_to_target_is_known_everywhere_once_all_are_reached() -> None:
    result = time_to_target([trace([1.0], [0.0])], [0.5], [0.0, 9.0], axis="full evaluations")
    assert result.fraction.tolist() == [0.0, 1.0]
    assert "known everywhere" in result.sentence
    empty = time_to_target([trace([], [], end=2.0)], [0.5], [1.0, 3.0], axis="seconds")
    assert empty.fraction[0] == 0.0
    assert np.isnan(empty.fraction[1])
    with pytest.raises(StatisticsError, match="0 runs given"):
        time_to_target([], [0.5], [1.0], axis="seconds")


def test_expected_best_equals_the_mean_over_all_subsets() -> None:
    from itertools import combinations

    losses = [0.9, 0.1, 0.4, 0.4, 0.7]
    result = expected_best(losses, RNG(0))
    for n, expected in zip(result.trials, result.expected, strict=True):
        assert expected == pytest.approx(np.mean([min(c) for c in combinations(losses, int(n))]))
    assert np.isnan(result.low).all()


def test_expected_best_has_a_band_up_to_a_tenth_of_the_recorded_trials() -> None:
    result = expected_best(RNG(3).uniform(size=40), RNG(0), resamples=200)
    assert (result.low[:4] <= result.expected[:4]).all()
    assert (result.high[:4] >= result.expected[:4]).all()
    assert np.isnan(result.low[4:]).all()


def test_expected_best_of_trials_seen_alike_is_the_mean_over_whichever_is_chosen() -> None:
    for losses in ([1.0, 0.0, 4.0], [0.0, 1.0, 4.0]):
        # of two trials: one of the first two, if both are drawn either; 4 never
        assert expected_best(losses, RNG(0), seen=[0.5, 0.5, 0.9]).expected == pytest.approx([5 / 3, 0.5, 0.5])
    same = expected_best([0.1, 0.1, 0.1], RNG(0))
    assert same.expected[-1] == 0.1


def test_expected_best_chosen_by_what_was_seen_equals_the_mean_over_all_subsets() -> None:
    from itertools import combinations

    seen, losses = [0.9, 0.1, 0.4, 0.3, 0.7], [0.2, 0.8, 0.1, 0.6, 0.3]
    result = expected_best(losses, RNG(0), seen=seen)
    for n, expected in zip(result.trials, result.expected, strict=True):
        chosen = [losses[min(c, key=seen.__getitem__)] for c in combinations(range(5), int(n))]
        assert expected == pytest.approx(np.mean(chosen))
    with pytest.raises(StatisticsError, match="seen has 4 losses for 5 trials"):
        expected_best(losses, RNG(0), seen=seen[:4])


def test_expected_best_of_uniform_losses_follows_its_closed_form() -> None:
    result = expected_best(np.arange(1, 1001) / 1001, RNG(0), trials=[1, 10, 100], resamples=100)
    assert result.expected == pytest.approx([1 / (n + 1) for n in (1, 10, 100)])


def test_expected_best_interval_covers_at_its_level() -> None:
    rng = RNG(2)
    covered = 0
    for _ in range(600):
        result = expected_best(rng.uniform(size=60), rng, trials=[5], resamples=300)
        covered += result.low[0] <= 1 / 6 <= result.high[0]
    assert 0.95 - 0.027 - 0.02 < covered / 600 < 0.95 + 0.027  # three sigma; at N = 60 up to two points short


def test_expected_best_drops_missing_losses_and_refuses_more_trials_than_losses() -> None:
    result = expected_best([0.3, NAN, 0.5], RNG(0))
    assert (result.recorded, result.dropped) == (2, 1)
    assert "1 missing left out" in result.sentence
    for losses, trials, words in (([NAN], None, "all 1 losses"), ([1.0, 2.0], [3], r"within 1 \.\. 2")):
        with pytest.raises(StatisticsError, match=words):
            expected_best(losses, RNG(0), trials=trials)
    assert np.isnan(expected_best([0.3], RNG(0)).low).all()


def test_coverage_counts_each_run_once_and_names_the_holes() -> None:
    losses = {"random": [[0.1, 0.2], [0.3, 0.4]], "mine": [[0.1, NAN], [NAN, 0.4]]}
    failed = {"mine": [[0, 1], [0, 0]]}
    spent = {"random": [[10, 10], [10, np.inf]], "mine": [[10, 0], [0, 5]]}
    result = coverage(losses, ["a", "b"], failed=failed, spent=spent, budgets=[10, 10])
    assert (result.planned == result.finished + result.failed + result.missing + result.short).all()
    assert result.finished.tolist() == [[2, 2], [1, 0]]
    assert result.complete_tasks == ()
    assert result.holes == ("mine on a: 1 missing of 2 runs", "mine on b: 1 failed, 1 short of 2 runs")
    assert result.sentence.startswith("5 of 8 runs finished (1 missing, 1 failed, 1 short); 0 of 2 tasks")
    assert coverage({"random": losses["random"]}, ["a", "b"]).complete_tasks == ("a", "b")


def test_coverage_refuses_tables_of_other_shapes() -> None:
    one = {"a": [[1.0]]}
    for arguments, options, words in (
        (({}, ["t"]), {}, "0 contenders"),
        ((one, ["t", "u"]), {}, "hold 1 tasks, but 2"),
        ((one, ["t"]), {"spent": {"a": [[1.0]]}}, "both or neither"),
        ((one, ["t"]), {"failed": {"a": [[1.0, 0.0]]}}, "must be equal"),
        ((one, ["t"]), {"spent": {}, "budgets": [1.0, 2.0]}, "2 budgets given for 1 tasks"),
    ):
        with pytest.raises(StatisticsError, match=words):
            coverage(*arguments, **options)  # type: ignore[arg-type]
