from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.core.trial import Status
from nasbench_sparse.errors import TableError
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.surrogate.examples import table_examples
from nasbench_sparse.tabular.surrogate.fit import fit_surrogate
from nasbench_sparse.tabular.surrogate.model import is_predicted
from nasbench_sparse.tabular.surrogate.quality import Agreement, Quality, compare
from nasbench_sparse.tabular.table import Table
from nasbench_sparse.testing.problems import make_trial
from tests.tabular.surrogate.problems import FEW_TREES, MIXED, NOISE, SMOOTH, table


def test_a_smooth_function_is_predicted_on_configs_never_seen(smooth: Table) -> None:
    fitted = fit_surrogate(smooth, boosting=FEW_TREES)
    assert fitted.quality.loss.r2 is not None
    assert fitted.quality.loss.tau is not None
    assert fitted.quality.loss.r2 > 0.9
    assert fitted.quality.loss.tau > 0.75
    rng = np.random.default_rng(5)
    fresh = [SMOOTH.space.sample(rng) for _ in range(100)]
    predicted = np.array([fitted.surrogate.curve(config)[-1].val_loss for config in fresh])
    true = np.array([0.1 + SMOOTH.space.distance(config) + 0.5 / 9 for config in fresh])
    quality = compare(predicted, true)
    assert quality.r2 is not None
    assert quality.r2 > 0.9


def test_predicted_curves_are_whole_and_in_range(smooth: Table) -> None:
    surrogate = fit_surrogate(smooth, boosting=FEW_TREES).surrogate
    for config in list(smooth.configs)[:20]:
        evaluation = surrogate.evaluation(config)
        (curve,) = evaluation.curves
        assert [point.step for point in curve] == list(range(1, 10))
        assert all(point.density == pytest.approx(0.1) for point in curve)
        assert all(0 < point.train_loss < point.val_loss < (point.test_loss or 0) for point in curve)
        assert all(0 <= point.val_accuracy <= 1 for point in curve)
        assert (np.diff([0.0, *(point.seconds for point in curve)]) > 0).all()
        assert evaluation.seconds == curve[-1].seconds
        assert is_predicted(evaluation)
        assert not is_predicted(SMOOTH.evaluate(make_trial(SMOOTH, config))[0])


def test_divergence_is_learnt_and_folds_share_the_seconds(mixed: Table) -> None:
    fitted = fit_surrogate(mixed, boosting=FEW_TREES)
    quality, surrogate = fitted.quality, fitted.surrogate
    assert quality.diverged == np.mean([config["optimizer"] == "rmsprop" for config in mixed.configs])
    assert (quality.divergence_found, quality.false_divergence) == (1.0, 0.0)
    diverged = surrogate.evaluation({"rate": 0.01, "depth": 5, "optimizer": "rmsprop"})
    assert diverged.status is Status.DIVERGED
    assert [len(curve) for curve in diverged.curves] == [4, 4]  # as the fault has it
    whole = surrogate.evaluation({"rate": 0.01, "depth": 5, "optimizer": "adam"})
    assert whole.status is Status.OK
    assert whole.seconds == sum(curve[-1].seconds for curve in whole.curves)
    recorded = table_examples(mixed)
    assert 0.5 < whole.seconds / np.nanmean(recorded.seconds[:, -1]) < 2.0


def test_pure_noise_is_refused_with_its_numbers(tmp_path: Path) -> None:
    noise = table(NOISE, Store(tmp_path / "s.duckdb"), 60)
    with pytest.raises(TableError, match=r"R2 is -?\d.*at least 0.7 and 0.6 are needed.*60 configs: build"):
        fit_surrogate(noise, boosting=FEW_TREES)


def test_few_configs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"at least 40 finished configs, and the table has 9: build more"):
        fit_surrogate(table(SMOOTH, Store(tmp_path / "s.duckdb"), 9))


def test_examples_are_means_over_replicates(smooth: Table) -> None:
    examples = table_examples(smooth)
    assert len(examples) == 150
    assert examples.configs == tuple(smooth.configs)
    config = examples.configs[7]
    points = [smooth.query(config, at=3, replicate=r).point for r in range(2)]
    expected = np.mean([point.val_loss for point in points if point is not None])
    assert examples.values[7, examples.fields.index("val_loss"), 2] == pytest.approx(expected)
    assert examples.seconds[7, -1] == pytest.approx(smooth.curve(config)[-1].seconds)


def test_examples_of_folds_have_the_seconds_of_all(mixed: Table) -> None:
    examples = table_examples(mixed)
    number = int(np.flatnonzero(examples.finished)[0])
    assert examples.seconds[number, -1] == pytest.approx(mixed.curve(examples.configs[number])[-1].seconds)
    assert MIXED.folds == 2


@pytest.mark.parametrize(("r2", "tau"), [(0.69, 0.9), (0.9, 0.59), (None, None)])
def test_quality_below_the_minimum_is_refused(r2: float | None, tau: float | None) -> None:
    good = Agreement(0.7, 0.6, 0.3)
    quality = Quality(100, 5, good, good, good, 0.0, None, 0.0)
    quality.check("task")
    with pytest.raises(TableError, match="not good enough"):
        replace(quality, loss=Agreement(r2, tau, None)).check("task")


def test_seconds_worse_than_their_mean_are_refused_unless_the_mean_is_predicted() -> None:
    good, poor = Agreement(0.7, 0.6, 0.3), Agreement(-0.13, 0.1, 0.1)
    quality = Quality(100, 5, good, good, poor, 0.0, None, 0.0)
    with pytest.raises(TableError, match=r"seconds worse than their mean: on held-out configs R2 is -0\.13"):
        quality.check("task")
    replace(quality, mean_seconds=True).check("task")
    replace(quality, seconds=Agreement(0.0, 0.1, 0.1)).check("task")  # as good as the mean
    replace(quality, seconds=Agreement(None, None, None)).check("task")  # all equal: nothing to judge


def test_seconds_that_nothing_predicts_are_their_mean(smooth: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = table_examples(smooth)
    noise = np.random.default_rng(0).uniform(1.0, 3.0, (len(examples), 1))
    noisy = replace(examples, seconds=noise * np.arange(1.0, 10.0) / 9)
    monkeypatch.setattr("nasbench_sparse.tabular.surrogate.fit.table_examples", lambda table: noisy)
    fitted = fit_surrogate(smooth, boosting=FEW_TREES)
    assert fitted.quality.seconds.r2 is not None
    assert fitted.quality.seconds.r2 < 0
    assert fitted.quality.mean_seconds
    for config in list(smooth.configs)[:5]:
        assert fitted.surrogate.evaluation(config).seconds == pytest.approx(noise.mean())
    slower = np.array([[1.0 + 2.0 * float(config["x_0"])] for config in examples.configs])
    timed = replace(examples, seconds=slower * np.arange(1.0, 10.0) / 9)
    monkeypatch.setattr("nasbench_sparse.tabular.surrogate.fit.table_examples", lambda table: timed)
    assert not fit_surrogate(smooth, boosting=FEW_TREES).quality.mean_seconds


def test_compare_by_hand() -> None:
    found = compare(np.array([1.0, 3.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert found == Agreement(pytest.approx(1 - 2 / 5), pytest.approx(4 / 6), 1.0)
    assert compare(np.zeros(3), np.ones(3)) == Agreement(None, None, None)
    assert compare(np.zeros(4), np.arange(4.0)).tau == 0.0
