"""The adapter to SMAC: what is changed in it, and that the changes hold."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from nasbench_sparse.core.trial import Observation, Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.optimizers.smac import SmacForest, SmacGaussianProcess
from nasbench_sparse.testing.driving import drive
from nasbench_sparse.testing.problems import synthetic_tasks

TASKS = synthetic_tasks()


def test_smac_writes_no_file_and_leaves_logging_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = logging.getLogger("smac").level, list(logging.getLogger().handlers)
    drive(SmacForest(TASKS["mixed"].problem, seed=0, n_initial=2), TASKS["mixed"], asks=3)
    assert list(tmp_path.iterdir()) == []
    assert (logging.getLogger("smac").level, list(logging.getLogger().handlers)) == before


def test_smac_gaussian_process_bound_is_kappa_deviations_below_the_mean() -> None:
    task = TASKS["continuous"]
    optimizer = SmacGaussianProcess(task.problem, seed=0, n_initial=3, kappa=10.0)
    drive(optimizer, task, asks=5)
    acquisition = optimizer._facade._acquisition_function
    configs = optimizer.space.coordinates.sample_configuration(5)
    vectors = np.array([config.get_array() for config in configs])
    mean, variance = optimizer._facade._model.predict_marginalized(vectors)
    np.testing.assert_allclose(acquisition(configs), -(mean - 10.0 * np.sqrt(variance)), rtol=1e-9)


def test_smac_local_search_starts_in_the_order_of_vectors() -> None:
    optimizer = SmacForest(TASKS["mixed"].problem, seed=0, n_initial=5)
    drive(optimizer, TASKS["mixed"], asks=6)
    facade = optimizer._facade
    search = facade._acquisition_maximizer._local_search
    points = search._get_init_points_from_previous_configs(facade.runhistory.get_configs(), 5, None)
    vectors = [tuple(np.nan_to_num(point.get_array(), nan=-1.0)) for point in points]
    assert len(vectors) == 5
    assert vectors == sorted(vectors)
    assert any(-1.0 in vector for vector in vectors)  # an inactive parameter, which NaN would leave unordered


def test_smac_initial_design_has_the_declared_size() -> None:
    from nasbench_sparse.optimizers.smac_facade import forest_facade

    facade = forest_facade(TASKS["mixed"].space.coordinates, seed=0, n_initial=7, retrain_after=1)
    origins = [facade.ask().config.origin or "" for _ in range(7)]
    assert all("Initial Design" in origin for origin in origins)


def test_smac_revise_replaces_the_cost() -> None:
    optimizer = SmacForest(TASKS["mixed"].problem, seed=0, n_initial=3)
    config = optimizer.ask()
    assert config is not None
    for loss, take in ((0.9, optimizer.tell), (0.2, optimizer.revise)):
        take(Observation(0, config, 9, loss, Status.OK, 1.0))
    assert [value.cost for value in optimizer._facade.runhistory.values()] == [0.2]


def test_smac_enters_failures_at_the_worst_loss_into_its_model() -> None:
    optimizer = SmacForest(TASKS["mixed"].problem, seed=0, n_initial=3)
    for number, status in enumerate((Status.OK, Status.TIMEOUT)):
        config = optimizer.ask()
        assert config is not None
        loss = 0.5 if status is Status.OK else 10.0
        optimizer.tell(Observation(number, config, 9, loss, status, 1.0))
    # The encoder's scaled logarithm of 0.5 and 10: (y - 0.5 + (p5 - 0.5)) / (10 - 0.5 + (p5 - 0.5)), p5 = 0.975.
    _, costs, _ = optimizer._facade._config_selector._collect_data()
    assert sorted(np.exp(costs).flatten()) == pytest.approx([0.475 / 9.975, 1.0], rel=1e-4)


def test_smac_refuses_bad_options() -> None:
    with pytest.raises(NbsError, match="smac: n_initial must be at least 1, not 0"):
        SmacForest(TASKS["mixed"].problem, seed=0, n_initial=0)
    with pytest.raises(NbsError, match="smac: retrain_after must be at least 1, not 0"):
        SmacForest(TASKS["mixed"].problem, seed=0, retrain_after=0)
    with pytest.raises(NbsError, match="smac-gp: kappa must be positive"):
        SmacGaussianProcess(TASKS["mixed"].problem, seed=0, kappa=0.0)
