"""What is refused before a run, when no config of its task could be trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from nasbench_sparse.core.blueprint import Blueprint, Network, Prune, Recipe, Train
from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import Config
from nasbench_sparse.errors import TaskError
from nasbench_sparse.registry import load_optimizer
from nasbench_sparse.runner.plan import plan_run
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.training.task import TrainingTask
from tests.training.phased import SGD, task_of
from tests.training.small import Rates

NARROW = Network("mlp", (("inputs", 64), ("hidden", (15, 8))))
PATTERNED = task_of((Prune("magnitude", pattern=(2, 4)), Train(1, SGD)), network=NARROW)


@dataclass(frozen=True)
class Halves(Rates):
    """Rates; those above a limit make a network that reads images of 65 pixels."""

    limit: float = 0.0

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        if float(config["rate"]) > self.limit:
            options = (("inputs", 65), ("hidden", (8, 8)))
            blueprint = replace(blueprint, network=Network("mlp", options))
        return super().configure(blueprint, config)


def of(space: Rates) -> TrainingTask:
    return replace(task_of((Train(1, SGD),)), space=space)


def test_a_run_whose_trials_would_all_fail_is_refused_and_not_recorded(tmp_path: Path) -> None:
    plan = plan_run(PATTERNED, load_optimizer("random"), Budget("trials", 2), seed=0)
    store = Store(tmp_path / "results.duckdb")
    with pytest.raises(TaskError, match=r"layers\.1.*15"):
        Study(store).run([plan])
    assert len(store.sql("SELECT * FROM runs")) == 0


def test_a_space_may_hold_configs_that_cannot_be_trained() -> None:
    of(Halves(limit=0.05)).require_data()  # rates are drawn from 0.001 to 0.1
    with pytest.raises(TaskError, match="cannot read the examples of data set 'digits'"):
        of(Halves(limit=0.0)).require_data()


def test_a_declared_momentum_that_does_nothing_is_refused_and_one_left_by_a_config_is_not() -> None:
    with pytest.raises(TaskError, match=r"momentum 0\.9 is for optimizer 'sgd' only and does nothing for 'adam'"):
        task_of((Train(1, Recipe("adam", momentum=0.9)),)).require_data()

    class Adam(Rates):
        def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
            return blueprint.with_recipe(optimizer="adam")

    of(Adam()).require_data()


@dataclass(frozen=True)
class Chosen(Rates):
    """Rates; those above a limit are trained by sgd."""

    limit: float = 0.0

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        chosen = "sgd" if float(config["rate"]) > self.limit else "adam"
        return super().configure(blueprint.with_recipe(optimizer=chosen), config)


def test_a_momentum_that_some_config_heeds_is_accepted_in_the_training_that_it_changes() -> None:
    adam = Train(1, Recipe("adam", momentum=0.9))
    replace(task_of((adam,)), space=Chosen(limit=0.05)).require_data()  # rates are drawn from 0.001 to 0.1
    for space, phases in (
        (Chosen(limit=0.2), (adam,)),
        (Chosen(limit=0.05), (adam, Prune("random", (0.5,)), adam)),
    ):
        with pytest.raises(TaskError, match="does nothing for 'adam'"):
            replace(task_of(phases), space=space).require_data()


def test_an_augmentation_of_images_is_refused_on_signals() -> None:
    task = replace(
        task_of((Train(1, Recipe(augmentation="crop-flip")),), network=Network("cnn1d")), dataset="mnist1d"
    )
    with pytest.raises(TaskError, match=r"'crop-flip' changes images, and examples here have shape \(1, 40\)"):
        task.require_data()
