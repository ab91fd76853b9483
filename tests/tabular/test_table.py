from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.core.curve import mean_curve
from nasbench_sparse.core.trial import Evaluation, Status, Trial
from nasbench_sparse.errors import IncompleteTable, InvalidConfig, NotInTable, OutsideFidelity, TableError
from nasbench_sparse.runner.study import Study
from nasbench_sparse.store import Store
from nasbench_sparse.tabular.build import plan_build
from nasbench_sparse.tabular.enumeration import Enumeration
from nasbench_sparse.tabular.nearest import nearest_configs
from nasbench_sparse.tabular.stored import stored_table
from nasbench_sparse.tabular.table import Table
from nasbench_sparse.testing.problems import SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace
from tests.tabular.problems import FOLDED, TASK

CONFIGS = list(TASK.space.grid(1))


@pytest.fixture(scope="module")
def table(built: Store) -> Table:
    return stored_table(built, TASK)


def live(task: SyntheticTask, config: Config, replicate: int = 0) -> Evaluation:
    return task.evaluate(Trial(0, config, config_key(config), task.fidelity.max, replicate))[0]


def test_every_training_is_as_the_task_evaluates_it(table: Table) -> None:
    assert len(table.evaluations) == 75
    for config in CONFIGS:
        for replicate in range(3):
            found, expected = table.evaluations[config_key(config), replicate], live(TASK, config, replicate)
            assert (found.status, found.curves) == (expected.status, expected.curves)
            assert found.seconds == expected.curves[0][-1].seconds


def test_the_evaluations_are_those_of_the_store(table: Table, built: Store) -> None:
    assert dict(table.evaluations) == built.results(TASK.fingerprint)


def test_query_and_curve_agree_with_the_task(table: Table) -> None:
    config = CONFIGS[3]
    curve = live(TASK, config, 1).curve
    assert table.curve(config, 1) == curve
    for step in (1, 5, 9):
        answer = table.query(config, step, 1)
        assert (answer.status, answer.loss, answer.point) == (Status.OK, curve[step - 1].val_loss, curve[step - 1])
    assert table.query(config, replicate=1) == table.query(config, 9, 1)


def test_query_of_folds_is_their_mean(tmp_path: Path) -> None:
    store = Store(tmp_path / "folds.duckdb")
    Study(store).run(plan_build(FOLDED, Enumeration("configs", 3), replicates=1))
    table = stored_table(store, FOLDED)
    for config in table.configs:
        expected = mean_curve(live(FOLDED, config).curves)
        assert table.curve(config) == expected
        assert table.query(config, 4).point == expected[3]
        assert table.losses(4)[table.keys.index(config_key(config)), 0] == expected[3].val_loss


def test_query_of_a_diverged_training_is_the_worst_loss(table: Table) -> None:
    config = {"gene_0": "tanh", "gene_1": "tanh"}
    answer = table.query(config)
    assert (answer.status, answer.loss, answer.point) == (Status.DIVERGED, 10.0, None)
    assert table.query(config, 4).status is Status.OK
    assert len(table.curve(config)) == 4


def test_query_where_the_objective_is_not_a_number_has_diverged(tmp_path: Path) -> None:
    class Blind(SyntheticTask):
        """Trains well, and measures nothing."""

        def evaluate(self, trial: Trial, state: bytes | None = None) -> tuple[Evaluation, bytes | None]:
            done, left = super().evaluate(trial, state)
            curves = tuple(tuple(point._replace(val_loss=math.nan) for point in curve) for curve in done.curves)
            return replace(done, curves=curves), left

    task = Blind(name="blind", space=ChromosomeSpace(length=2))
    store = Store(tmp_path / "blind.duckdb")
    Study(store).run(plan_build(task, Enumeration("configs", 3), replicates=1))
    table = stored_table(store, task)
    for config in table.configs:
        assert table.query(config) == (Status.DIVERGED, task.objective.worst, None, False)
        assert table.evaluations[config_key(config), 0].status is Status.DIVERGED


@pytest.mark.parametrize("at", [0, 10, 5.0, "5", True])
def test_query_at_what_is_no_epoch_is_refused(table: Table, at: int) -> None:
    with pytest.raises(OutsideFidelity, match=re.escape(f"for 1 to 9 epochs, not {at!r}")):
        table.query(CONFIGS[3], at)


@pytest.mark.parametrize("replicate", [0.5, "0", True, None])
def test_query_of_what_is_no_replicate_is_refused(table: Table, replicate: Any) -> None:
    config = table.config(0)
    with pytest.raises(TableError, match="a replicate is a whole number from 0, not "):
        table.query(config, replicate=replicate)
    with pytest.raises(TableError, match="a replicate is a whole number"):
        table.query(config, replicate=replicate, predicted=True)
    assert table.query(config, replicate=np.int64(1)) == table.query(config, replicate=1)


def test_query_takes_numpy_values_and_equivalent_configs(table: Table) -> None:
    config = CONFIGS[7]
    assert table.query({name: np.str_(value) for name, value in config.items()}) == table.query(config)


def test_a_config_outside_the_space_names_the_field(table: Table) -> None:
    with pytest.raises(InvalidConfig, match="gene_0 is one of relu"):
        table.query({"gene_0": "gelu", "gene_1": "relu"})


def test_a_config_not_in_the_table_names_the_nearest(tmp_path: Path) -> None:
    store = Store(tmp_path / "few.duckdb")
    Study(store).run(plan_build(TASK, Enumeration("configs", 4), replicates=1))
    table = stored_table(store, TASK)
    absent = next(config for config in CONFIGS if config_key(config) not in table.keys)
    with pytest.raises(NotInTable, match="the nearest are") as error:
        table.query(absent)
    assert str(nearest_configs(absent, table.configs)[0]) in str(error.value)
    with pytest.raises(NotInTable, match="was not trained: the table has replicates 0 of it"):
        table.query(next(table.configs), replicate=2)


def test_nearest_configs_differ_in_fewest_fields() -> None:
    configs = [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}, {"a": 1.5, "b": "x"}]
    assert nearest_configs({"a": 1.4, "b": "x"}, configs, 2) == [configs[2], configs[0]]


@pytest.mark.parametrize("at", [0, 10, -1])
def test_an_epoch_beyond_the_range_is_an_error(table: Table, at: int) -> None:
    for ask in (lambda: table.query(CONFIGS[0], at), lambda: table.best(at), lambda: table.losses(at)):
        with pytest.raises(OutsideFidelity, match="1 to 9 epochs"):
            ask()


@pytest.mark.parametrize("at", [1, 6, 9])
def test_best_is_the_lowest_mean_over_replicates(table: Table, at: int) -> None:
    means = {
        config_key(config): sum(table.query(config, at, replicate).loss for replicate in range(3)) / 3
        for config in CONFIGS
    }
    best = table.best(at)
    assert best.loss == pytest.approx(min(means.values()), rel=1e-15)
    assert means[config_key(best.config)] == min(means.values())
    assert best.replicate_losses == tuple(table.query(best.config, at, r).loss for r in range(3))


def test_best_under_a_density_leaves_denser_configs_out(table: Table) -> None:
    assert table.best(density_at_most=0.1) == table.best()
    with pytest.raises(NotInTable, match=r"at most 0.05; the lowest is 0.1"):
        table.best(density_at_most=0.05)


def test_an_incomplete_table_has_no_optimum(tmp_path: Path) -> None:
    store = Store(tmp_path / "half.duckdb")
    Study(store).run(plan_build(TASK, Enumeration("all"), replicates=2, shard=(1, 2)))
    table = stored_table(store, TASK)
    assert not table.complete
    missing = table.missing()
    assert len(missing) == 24
    assert ({"gene_0": "relu", "gene_1": "swish"}, 1) in missing
    with pytest.raises(IncompleteTable, match=r"lacks 24 of 50 trainings.*`table build`"):
        table.best()


def test_frame_has_a_row_for_each_point(table: Table) -> None:
    frame = table.frame()
    assert frame.height == 72 * 9 + 3 * 4
    rows = frame.filter(frame["config_key"] == config_key(CONFIGS[3])).sort("replicate", "step")
    assert rows["val_loss"].to_list() == [p.val_loss for r in range(3) for p in table.curve(CONFIGS[3], r)]
    assert rows["config"].struct.field("gene_1").unique().to_list() == [CONFIGS[3]["gene_1"]]
    assert frame.filter(frame["status"] == "DIVERGED")["step"].to_list() == [4, 4, 4]
